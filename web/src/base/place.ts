// SPDX-License-Identifier: AGPL-3.0-or-later
// Places: where in a document something stands, as the API gives them, in words, and compared with each other.

export interface Place {
    page?: number;
    slide?: number;
    frame?: number;
    box?: number[];
    sheet?: string;
    range?: string;
    rows?: number[];
    cols?: number[];
    lines?: number[];
    part?: string;
    section?: string;
    time?: number[];
}

const PLACES_MAX = 64;

function span(word: string, pair: number[]): string {
    const [first, last] = pair;
    return first === last || last === undefined ? `${word} ${first}` : `${word}s ${first}–${last}`;
}

export function clock(seconds: number): string {
    const whole = Math.max(0, Math.floor(seconds));
    const two = (n: number) => String(n).padStart(2, "0");
    const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
    return whole >= 3600 ? `${Math.floor(whole / 3600)}:${rest}` : rest.replace(/^0/, "");
}

/** For a person: "page 12", "slide 4", "sheet Menu, A2:C9", "rows 10–20", "footnotes", "3:41". Empty: the whole document. */
export function placeWords(place: Place | null | undefined): string {
    if (!place) {
        return "";
    }
    if (place.page) {
        return `page ${place.page}`;
    }
    if (place.slide) {
        return `slide ${place.slide}` + (place.part ? `, ${place.part}` : "");
    }
    if (place.sheet) {
        return `sheet ${place.sheet}` + (place.range ? `, ${place.range}` : "");
    }
    if (place.rows) {
        return span("row", place.rows);
    }
    if (place.lines) {
        return (place.section ? `${place.section}, ` : "") + span("line", place.lines);
    }
    if (place.part || place.section) {
        const body = !place.part || place.part === "document";
        return body ? (place.section ? `section “${place.section}”` : "") : String(place.part);
    }
    if (place.time) {
        return clock(place.time[0] ?? 0);
    }
    return place.frame ? `frame ${place.frame}` : place.box ? "picture" : "";
}

/** Is it the larger box around the other one, as a table's is around its row? */
export function surrounds(place: Place, other: Place): boolean {
    const [a, b] = [place.box, other.box];
    return a?.length === 4 && b?.length === 4 && place.page === other.page && place.frame === other.frame
        && a.every((edge, i) => (i < 2 ? edge <= b[i]! + 0.001 : edge >= b[i]! - 0.001)) && a.some((edge, i) => Math.abs(edge - b[i]!) > 0.001);
}

/** "A" is 1, "Z" 26, "AA" 27. */
export function columnNumber(name: string): number {
    let n = 0;
    for (const c of name.toUpperCase()) {
        n = n * 26 + c.charCodeAt(0) - 64;
    }
    return n;
}

export interface Area {
    rows: [number, number];
    cols: [number, number];
}

const ALL: [number, number] = [1, Infinity];

function pair(values: number[] | undefined): [number, number] {
    const [first, last] = values ?? [];
    return first === undefined ? ALL : [first, last ?? first];
}

/** The cells that a place of a sheet or of a CSV names; null for other places. */
export function placeArea(place: Place): Area | null {
    if (place.sheet !== undefined) {
        const found = /^\$?([A-Z]{1,3})?\$?(\d+)?(?::\$?([A-Z]{1,3})?\$?(\d+)?)?$/i.exec(place.range ?? "");
        if (!found || !place.range) {
            return { rows: ALL, cols: ALL };
        }
        const [, col, row, lastCol, lastRow] = found;
        return {
            rows: row ? [Number(row), Number(lastRow ?? row)] : ALL,
            cols: col ? [columnNumber(col), columnNumber(lastCol ?? col)] : ALL,
        };
    }
    return place.rows ? { rows: pair(place.rows), cols: pair(place.cols) } : null;
}

function meet(a: [number, number], b: [number, number]): boolean {
    return a[0] <= b[1] && b[0] <= a[1];
}

/** Sentences that only touch do not share a word. */
function timesMeet(a: [number, number], b: [number, number]): boolean {
    return a[0] === b[0] || (a[0] < b[1] && b[0] < a[1]);
}

function boxesMeet(a: number[] | undefined, b: number[] | undefined): boolean {
    const edge = 0.002; // of the page: boxes that only touch do not share words
    return !a || !b || (a[0]! + edge < b[2]! && b[0]! + edge < a[2]! && a[1]! + edge < b[3]! && b[1]! + edge < a[3]!);
}

/** Whether an element at a belongs to a passage at b. */
export function placesMeet(a: Place | null | undefined, b: Place): boolean {
    if (!a) {
        return false;
    }
    if (b.page || a.page) {
        return a.page === b.page && boxesMeet(a.box, b.box);
    }
    if (b.slide || a.slide) {
        return a.slide === b.slide && (a.part ?? "") === (b.part ?? "") && boxesMeet(a.box, b.box);
    }
    if (b.time || a.time) {
        return !!a.time && !!b.time && timesMeet(pair(a.time), pair(b.time));
    }
    const areaA = placeArea(a), areaB = placeArea(b);
    if (areaA || areaB) {
        return !!areaA && !!areaB && a.sheet === b.sheet && meet(areaA.rows, areaB.rows) && meet(areaA.cols, areaB.cols);
    }
    if (b.lines || a.lines) {
        return !!a.lines && !!b.lines && meet(pair(a.lines), pair(b.lines));
    }
    if (b.part || b.section) {
        return (a.part ?? "document") === (b.part ?? "document") && (a.section ?? "") === (b.section ?? "");
    }
    return !!b.box && boxesMeet(a.box, b.box);
}

/** A place from JSON that anyone could have put into the address: lists are lists of numbers, and a box lies on its page. */
export function toPlace(value: unknown): Place | null {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
        return null;
    }
    const place: Record<string, unknown> = { ...value };
    for (const [key, held] of Object.entries(place)) {
        const list = ["box", "rows", "cols", "lines", "time"].includes(key);
        if (list ? !Array.isArray(held) || !held.every(Number.isFinite) : typeof held === "object") {
            delete place[key];
        }
    }
    const box = (place.box as number[] | undefined)?.map((n) => Math.min(1, Math.max(0, n)));
    delete place.box;
    if (box?.length === 4 && box[0]! < box[2]! && box[1]! < box[3]!) {
        place.box = box;
    }
    return Object.keys(place).length > 0 ? (place as Place) : null;
}

/** Places from an address: one JSON object, or an array of them. */
export function parsePlaces(json: string | null): Place[] {
    if (!json) {
        return [];
    }
    try {
        const value: unknown = JSON.parse(json);
        const list = Array.isArray(value) ? value.slice(0, PLACES_MAX) : [value];
        return list.map(toPlace).filter((place) => place !== null);
    } catch {
        return [];
    }
}
