// SPDX-License-Identifier: AGPL-3.0-or-later
// One document: what it is, its state and findings, and the document itself, opened at the passage that the address names.
import { useEffect, useState } from "preact/hooks";
import { api, documentPath, Problem, sentence } from "../api/client";
import { documents, loadDocument } from "../api/library";
import { errorSentences, holds, isPicture, stage, type Doc } from "../api/types";
import { formats } from "../api/uploads";
import { useCell } from "../base/cell";
import { clock, parsePlaces, placeWords, toPlace, type Place } from "../base/place";
import { go } from "../base/router";
import { bytes, capital, count, label, when } from "../base/words";
import { Badge, Failed, Icon, Message } from "./bits";
import { ElementsView } from "./elements";
import { Findings } from "./findings";
import { PagesView, shotsOf } from "./pages";
import { isRecording, PlayerView } from "./player";
import { DocumentButtons, ProgressLine, StateWords } from "./row";

export interface Passage {
    /** The first is the sharpest: there the document opens. */
    places: Place[];
    /** First and last element by index, if the address knows them: sharper than places. */
    elements: [number, number] | null;
}

interface ChunkRow {
    place?: unknown;
    places?: unknown[];
    elements?: [number, number];
}

const NO_PASSAGE: Passage = { places: [], elements: null };

function passageFrom(query: URLSearchParams): Passage {
    const span = /^(\d{1,9})-(\d{1,9})$/.exec(query.get("elements") ?? "");
    const places = [...parsePlaces(query.get("place")), ...parsePlaces(query.get("places"))];
    return { places, elements: span ? [Number(span[1]), Number(span[2])] : null };
}

/** The passage of the address; for ?chunk=N the server is asked where that is. */
function usePassage(id: string, query: URLSearchParams): { passage: Passage; waiting: boolean; missing: boolean } {
    const chunk = query.has("place") || query.has("elements") ? null : query.get("chunk");
    const [found, setFound] = useState<Passage | null>(null);
    const [missing, setMissing] = useState(false);
    useEffect(() => {
        let over = false;
        setFound(null);
        setMissing(false);
        if (chunk) {
            api<{ chunks: ChunkRow[] }>("GET", `${documentPath(id)}/chunks?limit=1&after=${Number(chunk) - 1}`).then(({ chunks: [c] }) => {
                if (over) {
                    return;
                }
                setMissing(!c);
                setFound(c ? { places: [c.place, ...(c.places ?? [])].map(toPlace).filter((p) => p !== null),
                    elements: c.elements ?? null } : NO_PASSAGE);
            }, () => {
                setMissing(!over);
                setFound((old) => (over ? old : NO_PASSAGE));
            });
        }
        return () => {
            over = true;
        };
    }, [id, chunk]);
    return { passage: chunk ? (found ?? NO_PASSAGE) : passageFrom(query), waiting: chunk !== null && !found, missing };
}

function plainValue(value: unknown): string {
    if (typeof value === "string" || typeof value === "number") {
        return String(value);
    }
    if (typeof value === "boolean") {
        return value ? "yes" : "no";
    }
    return Array.isArray(value) && value.every((v) => typeof v === "string" || typeof v === "number") ? value.join(", ") : "";
}

function Details({ doc }: { doc: Doc }) {
    const format = useCell(formats).find((f) => f.type === doc.type);
    const facts: [string, string][] = [
        ["Type", format?.title ?? doc.type.toUpperCase()],
        ["Category", capital(doc.category ?? "")],
        ["Size", doc.size === undefined ? "" : bytes(doc.size)],
        ["Added", when(doc.created_at)],
        ["Changed", when(doc.updated_at)],
        ["Partition", doc.partition === "default" ? "" : (doc.partition ?? "")],
    ];
    for (const from of [doc.media ?? {}, doc.metadata ?? {}]) {
        for (const [key, value] of Object.entries(from)) {
            facts.push(key === "duration_s" ? ["Duration", clock(Number(value))] : [label(key), plainValue(value)]);
        }
    }
    return (
        <details class="details">
            <summary>Details</summary>
            <dl>{facts.filter(([, value]) => value !== "").map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
        </details>
    );
}

function FindingsBlock({ doc }: { doc: Doc }) {
    const list = doc.findings ?? [];
    const errors = errorSentences(doc);
    const open = doc.status === "failed" || doc.status === "quarantined";
    if (list.length === 0 && (errors.length === 0 || doc.status !== "failed")) {
        return null;
    }
    return (
        <details class="details" open={open}>
            <summary>{count(list.length || errors.length, "finding")} of the checks</summary>
            {list.length > 0 ? <Findings list={list} /> : errors.map((text) => <p key={text}>{text}</p>)}
        </details>
    );
}

function Head({ doc, passage, missing }: { doc: Doc; passage: Passage; missing: boolean }) {
    const words = [...new Set(passage.places.map(placeWords))].filter((w) => w !== "");
    return (
        <header class="sheet doc-head">
            <p class="crumb"><a href="/"><Icon name="back" /> Library</a></p>
            <div class="doc-title"><Badge type={doc.type} /><h1 tabIndex={-1}>{doc.name}</h1></div>
            <p class="row-meta">
                {doc.size !== undefined && <span>{bytes(doc.size)}</span>}
                {holds(doc).map((text) => <span>{text}</span>)}
                {when(doc.created_at) && <span>added {when(doc.created_at)}</span>}
                <StateWords doc={doc} />
            </p>
            {stage(doc.status) === "working" && <ProgressLine doc={doc} />}
            <DocumentButtons doc={doc} after={() => go("/")} />
            <FindingsBlock doc={doc} />
            <Details doc={doc} />
            {words.length > 0 && <p class="passage-note"><span class="swatch" aria-hidden="true" /> Marked: {words.slice(0, 2).join("; ")}</p>}
            {missing && <p class="passage-note">The passage of this link is no longer in the document. The document was read again since.</p>}
        </header>
    );
}

function Body({ doc, passage, visit }: { doc: Doc; passage: Passage; visit: number }) {
    const shots = doc.type === "pdf" || isPicture(doc) ? shotsOf(doc, passage.places) : [];
    const paged = shots.length > 0 && (doc.type === "pdf" || stage(doc.status) === "ready");
    const [text, setText] = useState(false);
    if (doc.status === "quarantined" || (stage(doc.status) !== "ready" && !paged)) {
        return stage(doc.status) === "working" ? <p class="sheet soft">The text appears here when the document has been read.</p> : null;
    }
    if (doc.status === "failed") {
        return null;
    }
    if (isRecording(doc)) {
        return <PlayerView doc={doc} passage={passage} visit={visit} />;
    }
    if (!paged) {
        return <ElementsView doc={doc} passage={passage} visit={visit} />;
    }
    return (
        <>
            <div class="switch" role="group" aria-label="Show the document as">
                <button aria-pressed={!text} onClick={() => setText(false)}>{isPicture(doc) ? "Picture" : "Pages"}</button>
                <button aria-pressed={text} onClick={() => setText(true)}>Text</button>
            </div>
            {text ? <ElementsView doc={doc} passage={passage} visit={visit} /> : <PagesView doc={doc} shots={shots} passage={passage} visit={visit} />}
        </>
    );
}

export function DocumentView({ id, query, visit }: { id: string; query: URLSearchParams; visit: number }) {
    const doc = useCell(documents).get(id);
    const [whole, setWhole] = useState(false);
    const [error, setError] = useState<Problem | null>(null);
    const [again, setAgain] = useState(0);
    const { passage, waiting, missing } = usePassage(id, query);
    useEffect(() => {
        setError(null);
        loadDocument(id).then(() => setWhole(true), (e) => setError(e instanceof Problem ? e : new Problem(500, sentence(e))));
    }, [id, again]);
    const shown = doc !== undefined && whole && !waiting;
    useEffect(() => {
        if (shown && visit > 0 && document.activeElement === document.body) {
            document.querySelector("h1")?.focus({ preventScroll: true }); // the heading of the loading page had it
        }
    }, [shown]);
    useEffect(() => {
        document.title = `${doc?.name ?? "Document"} – Larder`;
    }, [doc?.name]);
    if (error?.status === 404 || (whole && !doc)) {
        return <Message title="This document is not here"><p>It was deleted, or the address is mistyped. <a href="/">Go to the library</a></p></Message>;
    }
    if (error) {
        return <Message title="The document cannot be shown"><Failed text={error.message} again={() => setAgain(again + 1)} /></Message>;
    }
    if (!doc || !shown) {
        return <section class="sheet"><h1 tabIndex={-1}>{doc?.name ?? "Document"}</h1><p class="soft">Loading the document</p></section>;
    }
    return (
        <div class="doc">
            <Head doc={doc} passage={passage} missing={missing} />
            <div class="doc-body"><Body doc={doc} passage={passage} visit={visit} /></div>
        </div>
    );
}
