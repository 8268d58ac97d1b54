// SPDX-License-Identifier: AGPL-3.0-or-later
// What the API sends. Fields that a later server may add are ignored; those it may leave out are optional.
import { clock, type Place } from "../base/place";
import { count } from "../base/words";

export interface Finding {
    code: string;
    layer: number | string;
    severity: "info" | "warning" | "quarantine" | "reject";
    message: string;
    place?: Place | null;
    advice?: string;
}

export interface Progress {
    unit?: string;
    done?: number;
    total?: number;
    queue_position?: number;
    seconds_left?: number | null;
}

export interface Doc {
    id: string;
    name: string;
    type: string;
    category?: string;
    status: string;
    verdict?: string | null;
    reason?: string | null;
    findings?: Finding[];
    errors?: string[];
    size?: number;
    created_at?: string | number;
    updated_at?: string | number;
    partition?: string;
    metadata?: Record<string, unknown>;
    media?: Record<string, unknown>;
    page_count?: number;
    progress?: Progress | null;
    duplicate?: boolean;
}

export interface DocPage {
    documents: Doc[];
    next: string | null;
    total?: number;
}

export interface LarderEvent {
    seq: number;
    time?: string | number;
    kind: string;
    document_id?: string;
    data?: Partial<Doc>;
}

export interface Element {
    index: number;
    kind: string;
    text: string;
    markdown?: string;
    place?: Place | null;
    level?: number;
    header?: string;
    image?: string;
    flags?: string[];
}

export interface ElementPage {
    elements: Element[];
    next: string | number | null;
}

export interface Hit {
    document_id: string;
    document_name: string;
    type?: string;
    category?: string;
    chunk_id: string | number;
    chunk_index?: number;
    text: string;
    snippet?: string;
    place?: Place | null;
    places?: Place[];
    /** First and last element of the passage, by index. */
    elements?: [number, number];
    score?: number;
}

export interface SearchAnswer {
    results: Hit[];
    took_ms?: number;
    engine?: string;
}

export interface Format {
    type: string;
    title: string;
    extensions: string[];
    category: string;
    cap_bytes?: number;
}

export type Stage = "working" | "ready" | "failed" | "quarantined";

/** The four states that matter to people, from the eleven of the API. */
export function stage(status: string): Stage {
    return status === "ready" || status === "failed" || status === "quarantined" ? status : "working";
}

const STEPS: Record<string, string> = {
    pending: "Waiting",
    partitioning: "Reading",
    ready: "Ready",
    failed: "Could not be read",
    quarantined: "Held for review",
};

const CANCELLED = "cancelled"; // the API's word for what a person stopped

export function statusWords(doc: Doc): string {
    if (doc.status === "failed" && doc.verdict === "rejected") {
        return "Refused";
    }
    if (doc.status === "failed" && doc.errors?.includes(CANCELLED)) {
        return "Stopped";
    }
    return STEPS[doc.status] ?? "Preparing search";
}

export function errorSentences(doc: Doc): string[] {
    return (doc.errors ?? []).filter((text) => text !== CANCELLED);
}

export function pageCount(doc: Doc): number {
    return Math.floor(doc.page_count ?? (Number(doc.media?.pages) || 0));
}

/** A photo, a drawing, an animation: shown as itself, with boxes on it. A TIFF has pages. */
export function isPicture(doc: Doc): boolean {
    return doc.category === "image" && doc.type !== "tiff";
}

/** What it holds, in words: pages or duration, dimensions, codecs. */
export function holds(doc: Doc): string[] {
    const { duration_s: seconds, width, height, video_codec: video, audio_codec: audio } = doc.media ?? {};
    const pages = pageCount(doc);
    return [
        pages > 0 ? count(pages, doc.type === "pptx" || doc.type === "odp" ? "slide" : "page") : seconds ? clock(Number(seconds)) : "",
        width && height ? `${width} × ${height}` : "",
        [video, audio].filter(Boolean).join(", "),
    ].filter((text) => text !== "");
}
