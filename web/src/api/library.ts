// SPDX-License-Identifier: AGPL-3.0-or-later
// The documents as this page knows them: loaded from GET /v1/documents, kept by events.
//
// One map holds every document seen; the list of the library is an order of ids under the present filter, newest first.
// Events carry what changes often (status, progress); the rest (size, findings, media) is fetched again when a document
// comes or comes to an end.
//
// Invariant: an answer never undoes what came after it was asked for. Each request and each piece of news takes a number from
// one clock; of a document that has news younger than the request, an answer only fills in what is not known.
import { announce, Cell } from "../base/cell";
import { api, documentPath, Lane, needsKey, Problem, sentence } from "./client";
import { eventStream, newest } from "./events";
import { may } from "./session";
import { stage, type Doc, type DocPage, type LarderEvent, type Stage } from "./types";

export interface Filter {
    type: string;
    stage: Stage | "";
    name: string;
}

export interface Listing {
    ids: string[];
    next: string | null;
    total: number | undefined;
    loading: boolean;
    loaded: boolean;
    error: string;
}

const PAGE = 50;
const PAGE_MAX = 500; // what the server gives at once
const DELAY_MS = 60; // events that come together are drawn together
const UPLOAD_GRACE_MS = 400; // an upload's own answer may come just after its event

export const NO_FILTER: Filter = { type: "", stage: "", name: "" };
export const filter = new Cell<Filter>(NO_FILTER);
export const documents = new Cell<ReadonlyMap<string, Doc>>(new Map());
export const listing = new Cell<Listing>({ ids: [], next: null, total: undefined, loading: true, loaded: false, error: "" });
/** Documents that this page uploaded or acted upon: news about them is spoken and shown in full. */
export const mine = new Set<string>();
/** How many uploads wait for the server's verdict; set by uploads.ts. */
export const checking = { count: 0 };

const details = new Lane(2);
const asked = new Set<string>();
let pending: LarderEvent[] = [];
let timer = 0;
let generation = 0;
let clock = 0;
const news = new Map<string, number>(); // document → the clock at its newest news
const gone = new Map<string, number>(); // document → the clock when it was deleted
const added = new Map<string, number>(); // document → the clock when it was put on top of the list

/** The clock at the beginning of a request whose answer will tell about documents. */
export function moment(): number {
    return ++clock;
}

/** What Larder takes in to test itself, and takes away again: nobody's document. */
const isTrial = (doc: Doc) => /^larder-(canary$|verify-)/.test(doc.partition ?? "");

export function matches(doc: Doc, by: Filter): boolean {
    return !isTrial(doc) && (!by.type || doc.type === by.type) && (!by.stage || stage(doc.status) === by.stage) &&
        (!by.name || doc.name.toLowerCase().includes(by.name.toLowerCase()));
}

function query(by: Filter, after: string | null, limit: number): string {
    const q = new URLSearchParams({ limit: String(limit) });
    if (by.type) {
        q.set("type", by.type);
    }
    if (by.stage && by.stage !== "working") { // "working" is seven states of the API; sorted out here
        q.set("status", by.stage);
    }
    if (by.name) {
        q.set("q", by.name);
    }
    if (after) {
        q.set("after", after);
    }
    return "/v1/documents?" + q;
}

/** Takes in an answer to what was asked at the moment began. */
function remember(docs: Doc[], began: number): void {
    const all = new Map(documents.value);
    for (const doc of docs.filter(({ id }) => (gone.get(id) ?? 0) < began)) {
        const known = all.get(doc.id), late = (news.get(doc.id) ?? 0) > began;
        all.set(doc.id, late ? { ...doc, ...known } : { ...known, ...doc });
        news.set(doc.id, Math.max(news.get(doc.id) ?? 0, began));
        if (late && !known) {
            refresh(doc.id); // its news came while it was on a page that was not loaded
        }
    }
    documents.set(all);
}

function patch(next: Partial<Listing>): void {
    listing.set({ ...listing.value, ...next });
}

/** At least so many documents from there on, if there are, in as few requests as the server allows. */
async function fetchList(by: Filter, after: string | null, wanted: number): Promise<DocPage> {
    let all = await api<DocPage>("GET", query(by, after, Math.min(wanted, PAGE_MAX)));
    while (all.next && all.documents.length < wanted) {
        const more = await api<DocPage>("GET", query(by, all.next, Math.min(wanted - all.documents.length, PAGE_MAX)));
        all = { ...more, documents: [...all.documents, ...more.documents] };
    }
    return all;
}

/** Loads the first page under the present filter, or the next one, or the list again as far as it was loaded. */
export async function loadList(what: "first" | "more" | "again" = "first"): Promise<void> {
    const mineNow = ++generation, began = moment(), more = what === "more";
    patch({ loading: true, error: "" });
    try {
        const pages = what === "again" ? Math.max(1, Math.ceil(listing.value.ids.length / PAGE)) : 1;
        const page = await fetchList(filter.value, more ? listing.value.next : null, pages * PAGE);
        if (mineNow === generation) {
            const shown = page.documents.filter((doc) => !isTrial(doc));
            remember(shown, began);
            const all = documents.value;
            const came = shown.map((doc) => doc.id).filter((id) => all.has(id));
            const kept = listing.value.ids.filter((id) => more || ((added.get(id) ?? 0) > began && matches(all.get(id)!, filter.value)));
            const ids = [...new Set([...kept, ...came])];
            const total = page.total === undefined ? undefined : page.total - page.documents.length + (more ? came.length : ids.length);
            patch({ ids, next: page.next ?? null, total, loading: false, loaded: true });
        }
    } catch (error) {
        if (mineNow === generation) {
            patch({ loading: false, error: sentence(error) });
        }
    }
}

export function setFilter(next: Filter): void {
    filter.set(next);
    void loadList();
}

function put(ids: string[]): void {
    const { ids: old, total } = listing.value;
    ids.filter((id) => !old.includes(id)).forEach((id) => added.set(id, ++clock));
    patch({ ids, total: total === undefined ? total : total + ids.length - old.length });
}

/** A document that this page just uploaded, by an upload begun at that moment: on top of the list. */
export function insert(doc: Doc, began: number): void {
    remember([doc], began);
    const { ids } = listing.value, known = documents.value.get(doc.id);
    if (known && !ids.includes(doc.id) && matches(known, filter.value)) {
        put([doc.id, ...ids]);
    }
}

export function forget(id: string): void {
    const all = new Map(documents.value);
    all.delete(id);
    gone.set(id, ++clock);
    documents.set(all);
    put(listing.value.ids.filter((other) => other !== id));
}

export async function loadDocument(id: string): Promise<Doc> {
    const began = moment();
    const doc = await api<Doc>("GET", documentPath(id));
    remember([doc], began);
    return doc;
}

function refresh(id: string): void {
    if (asked.has(id)) {
        return;
    }
    asked.add(id);
    details.add(async () => {
        asked.delete(id);
        try {
            await loadDocument(id);
        } catch (error) {
            if (error instanceof Problem && error.status === 404) {
                forget(id);
            }
        }
    });
}

function apply(events: LarderEvent[]): void {
    const all = new Map(documents.value);
    const came: Doc[] = [];
    for (const { kind, document_id: id, data, time } of events) {
        if (!id || !kind.startsWith("document.")) {
            continue;
        }
        news.set(id, ++clock);
        if (kind === "document.deleted") {
            all.delete(id);
            gone.set(id, clock);
            continue;
        }
        const known = all.get(id);
        if (!known && kind !== "document.created" && !mine.has(id)) {
            continue; // on a page of the list that is not loaded
        }
        const next: Doc = { id, name: "", type: "", status: "pending", ...(time === undefined ? {} : { created_at: time }),
            ...known, ...data, progress: data?.progress ?? (kind === "document.progress" ? known?.progress : null) ?? null };
        all.set(id, next);
        if (!known) {
            came.push(next);
        }
        if (kind !== "document.progress") {
            speak(next, known);
        }
        if (kind === "document.created" || (kind !== "document.progress" && stage(next.status) !== "working")) {
            refresh(id);
        }
    }
    documents.set(all);
    const ids = listing.value.ids.filter((id) => all.has(id));
    const fresh = came.filter((d) => matches(d, filter.value) && !ids.includes(d.id)).map((d) => d.id).reverse();
    put([...fresh, ...ids]);
}

function speak(doc: Doc, before: Doc | undefined): void {
    if (!mine.has(doc.id) || before?.status === doc.status) {
        return;
    }
    if (doc.status === "ready") {
        announce(`${doc.name} is ready.`);
    } else if (doc.status === "failed") {
        announce(`${doc.name} could not be read.`);
    } else if (doc.status === "quarantined") {
        announce(`${doc.name} is held for review.`);
    }
}

function drain(): void {
    timer = 0;
    const events = pending;
    pending = [];
    apply(events);
}

const stream = eventStream({
    onEvents(events) {
        pending.push(...events);
        if (!timer) {
            const created = checking.count > 0 && events.some((e) => e.kind === "document.created");
            timer = window.setTimeout(drain, created ? UPLOAD_GRACE_MS : DELAY_MS);
        }
    },
    onReset() {
        for (const doc of documents.value.values()) {
            if (stage(doc.status) === "working") {
                refresh(doc.id); // may have come to its end unseen
            }
        }
        void loadList("again");
    },
});

export async function startLibrary(): Promise<void> {
    stream.end();
    if (!may("read")) {
        return;
    }
    const from = await newest(); // before the list, so that nothing falls between the two
    await loadList();
    if (!needsKey.value) {
        stream.start(from);
    }
}

// ---- what people do to a document

async function act(id: string, method: string, path: string): Promise<void> {
    mine.add(id);
    await api(method, path);
    if (method === "DELETE") {
        forget(id);
    } else {
        refresh(id);
    }
}

export const removeDocument = (id: string) => act(id, "DELETE", documentPath(id));
export const rereadDocument = (id: string) => act(id, "POST", documentPath(id) + "/reread");
export const releaseDocument = (id: string) => act(id, "POST", documentPath(id) + "/release");
export const cancelDocument = (id: string) => act(id, "POST", documentPath(id) + "/cancel");
