// SPDX-License-Identifier: AGPL-3.0-or-later
// A document's elements as structured text, with the passage marked. What the document says is always a text node.
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { api, documentPath, sentence } from "../api/client";
import type { Doc, Element, ElementPage } from "../api/types";
import { placeArea, placesMeet, placeWords, type Place } from "../base/place";
import { parseCode, parseListItem, parseTable } from "../base/text";
import { capital } from "../base/words";
import { Failed } from "./bits";
import type { Passage } from "./document";

const PAGE = 200;
const BEFORE = 30; // elements shown ahead of a passage whose number is known
const SEEK_MAX = 25; // pages of elements read in search of a passage known by place only

function isHit(e: Element, passage: Passage): boolean {
    if (passage.elements) {
        return e.index >= passage.elements[0] && e.index <= passage.elements[1];
    }
    return passage.places.some((place) => placesMeet(e.place, place));
}

/** The rows of a table (0-based, without its head) that the passage names; null: all of them. */
function hitRows(e: Element, rows: number, places: Place[]): Set<number> | null {
    const area = e.place ? placeArea(e.place) : null;
    if (!area || area.rows[1] === Infinity) {
        return null;
    }
    const span = area.rows[1] - area.rows[0] + 1;
    if (span !== rows && span !== rows + 1) {
        return null;
    }
    const first = area.rows[0] + (span - rows); // the number of the first row after the head
    const found = new Set<number>();
    for (const place of places) {
        const wanted = placesMeet(e.place, place) ? placeArea(place) : null;
        for (let i = 0; wanted && i < rows; i++) {
            if (first + i >= wanted.rows[0] && first + i <= wanted.rows[1]) {
                found.add(i);
            }
        }
    }
    return found.size === 0 || found.size === rows ? null : found;
}

function Lines({ text }: { text: string }) {
    const lines = text.split("\n");
    return <>{lines.map((line, i) => (i === 0 ? line : [<br key={i} />, line]))}</>;
}

function Table({ e, hit, places }: { e: Element; hit: boolean; places: Place[] }) {
    const table = useMemo(() => parseTable(e.markdown ?? ""), [e]);
    if (!table) {
        return <pre class="plain">{e.text}</pre>;
    }
    const rows = hit ? hitRows(e, table.rows.length, places) : null;
    const width = Math.max(table.head.length, ...table.rows.map((r) => r.length));
    const cells = (row: string[]) => Array.from({ length: width }, (_, i) => row[i] ?? "");
    const words = placeWords(e.place);
    return (
        <div class="table-room" role="region" tabIndex={0} aria-label={"Table" + (words ? `, ${words}` : "")}>
            <table>
                <thead><tr>{cells(table.head).map((c, i) => <th key={i} scope="col"><Lines text={c} /></th>)}</tr></thead>
                <tbody>
                    {table.rows.map((row, n) => (
                        <tr key={n} class={hit && (!rows || rows.has(n)) ? "hit-row" : ""}>{cells(row).map((c, i) => <td key={i}><Lines text={c} /></td>)}</tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}

function Content({ e, doc, hit, places }: { e: Element; doc: Doc; hit: boolean; places: Place[] }) {
    const level = Math.min(6, Math.max(1, e.level || 1));
    switch (e.kind) {
    case "title":
        return <h2 class="el-title"><Lines text={e.text} /></h2>;
    case "heading": {
        const Tag = `h${Math.min(6, level + 2)}` as "h3";
        return <Tag class={"el-heading level-" + level}><Lines text={e.text} /></Tag>;
    }
    case "list_item": {
        const item = parseListItem(e.markdown ?? "", e.text);
        return <p class={"el-item level-" + level}><span class="marker">{item.marker}</span><span><Lines text={item.text} /></span></p>;
    }
    case "table":
        return <Table e={e} hit={hit} places={places} />;
    case "key_frame":
    case "figure":
        return (
            <figure class="el-figure">
                {e.image && <img src={`${documentPath(doc.id)}/images/${encodeURIComponent(e.image)}`} alt={e.text || "Figure"} loading="lazy" />}
                {e.text && <figcaption>{e.text}</figcaption>}
            </figure>
        );
    case "code":
        return <pre class="el-code" tabIndex={0}><code>{parseCode(e.markdown ?? "", e.text)}</code></pre>;
    case "note":
    case "comment":
        return <p class="el-note"><b>{capital(e.kind)}</b> <Lines text={e.text} /></p>;
    case "caption":
    case "header":
    case "footer":
        return <p class="el-small"><Lines text={e.text} /></p>;
    case "formula":
        return <p class="el-code">{e.text}</p>;
    default:
        return <p><Lines text={e.text} /></p>;
    }
}

/** The part of a document that a line of its own announces: a slide, a sheet, a page, the footnotes. */
function division(place: Place | null | undefined): string {
    if (!place) {
        return "";
    }
    if (place.slide) {
        return `Slide ${place.slide}` + (place.part ? `, ${place.part}` : "");
    }
    if (place.page) {
        return `Page ${place.page}`;
    }
    if (place.sheet) {
        return `Sheet ${place.sheet}`;
    }
    return place.part && place.part !== "document" ? capital(place.part) : "";
}

/** What stands in the margin beside an element. */
function margin(place: Place | null | undefined): string {
    if (place?.sheet) {
        return place.range ?? "";
    }
    return place?.rows ? placeWords({ rows: place.rows }) : place?.lines ? placeWords({ lines: place.lines }) : "";
}

export function ElementsView({ doc, passage, visit, onTime }: { doc: Doc; passage: Passage; visit: number; onTime?: (second: number) => void }) {
    const [list, setList] = useState<Element[]>([]);
    const [next, setNext] = useState<string | number | null>(null);
    const [seeking, setSeeking] = useState(true);
    const [error, setError] = useState("");
    const [again, setAgain] = useState(0);
    const busy = useRef<AbortSignal | null>(null); // of the part that is on its way
    const shown = useRef<AbortSignal>(null!); // ends when another passage is shown
    const room = useRef<HTMLDivElement>(null);
    const base = documentPath(doc.id) + `/elements?limit=${PAGE}`;
    const load = (after: string | number | null, signal?: AbortSignal) =>
        api<ElementPage>("GET", base + (after === null ? "" : `&after=${encodeURIComponent(after)}`), signal ? { signal } : {});

    useEffect(() => {
        const abort = new AbortController();
        shown.current = abort.signal;
        const wanted = passage.elements !== null || passage.places.length > 0;
        const read = async () => {
            setError("");
            setSeeking(true);
            let all: Element[] = [];
            let after: string | number | null = passage.elements && passage.elements[0] > BEFORE ? passage.elements[0] - BEFORE - 1 : null;
            for (let page = 0; page < (wanted ? SEEK_MAX : 1); page++) {
                const answer: ElementPage = await load(after, abort.signal);
                all = [...all, ...answer.elements];
                after = answer.next ?? null;
                if (after === null || answer.elements.some((e) => isHit(e, passage))) {
                    break;
                }
            }
            setList(all);
            setNext(after);
            setSeeking(false);
        };
        read().catch((e) => {
            if (!abort.signal.aborted) {
                setError(sentence(e));
                setSeeking(false);
            }
        });
        return () => abort.abort();
    }, [doc.id, visit, doc.status, again]);

    useEffect(() => {
        const hit = room.current?.querySelector(".best .hit-row") ?? room.current?.querySelector(".best") ?? room.current?.querySelector(".hit");
        if (hit && !seeking) {
            const rect = hit.getBoundingClientRect();
            const player = document.querySelector(".player")?.getBoundingClientRect().height ?? 0; // it stays on top
            scrollTo({ top: scrollY + rect.top - Math.max(80, player + 24, innerHeight * 0.2), behavior: "instant" });
        }
    }, [seeking]);

    /** One further part at a time, for the passage that is shown. */
    const further = async (after: string | number | null, add: (answer: ElementPage) => void) => {
        const { current } = shown;
        if (busy.current === current) {
            return;
        }
        busy.current = current;
        try {
            const answer = await load(after, current);
            setError("");
            add(answer);
        } catch (e) {
            if (!current.aborted) {
                setError(sentence(e));
            }
        }
        busy.current = busy.current === current ? null : busy.current;
    };
    const more = () => further(next, (answer) => {
        setList((old) => [...old, ...answer.elements]);
        setNext(answer.next ?? null);
    });
    const start = list[0]?.index ?? 0;
    const before = () => {
        const from = Math.max(0, start - PAGE);
        return further(from === 0 ? null : from - 1, (answer) => setList((old) => [...answer.elements.filter((e) => e.index < start), ...old]));
    };
    const best = passage.places[0];
    let last = "";
    let lastMargin = "";
    const blocks: ComponentChildren[] = [];
    for (const e of list) {
        const part = division(e.place);
        if (part !== last) {
            last = part;
            lastMargin = "";
            blocks.push(part ? <h3 key={"part" + e.index} class="division"><span>{part}</span></h3> :
                <hr key={"part" + e.index} class="division" />);
        }
        const side = margin(e.place);
        const hit = isHit(e, passage);
        const hidden = e.flags?.includes("hidden");
        blocks.push(
            <div key={e.index} class={"el" + (hit ? " hit" : "") + (hit && best && placesMeet(e.place, best) ? " best" : "")} data-index={e.index}>
                {onTime && e.place?.time ?
                    <p class="side"><button class="time" title="Play from here" onClick={() => onTime(e.place?.time?.[0] ?? 0)}>{placeWords({ time: e.place.time })}</button></p> :
                    <p class="side">{side !== lastMargin ? capital(side) : ""}{hidden && <span> hidden</span>}</p>}
                <div class="el-body">{hit && <span class="hidden">Passage: </span>}<Content e={e} doc={doc} hit={hit} places={passage.places} /></div>
            </div>,
        );
        lastMargin = side;
    }
    return (
        <section class="sheet text" aria-label="Text of the document" ref={room} aria-busy={seeking}>
            {error && (list.length > 0 ? <p class="note bad" role="alert">{error}</p> : <Failed text={error} again={() => setAgain(again + 1)} />)}
            {seeking && <p class="soft">Loading the text</p>}
            {!seeking && start > 0 && <button onClick={() => void before()}>Show what comes before</button>}
            {blocks}
            {!seeking && list.length === 0 && !error && <p class="soft">No text was found in this document.</p>}
            {!seeking && next !== null && <div class="after-rows"><button onClick={() => void more()}>Show more</button></div>}
        </section>
    );
}
