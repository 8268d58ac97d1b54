// SPDX-License-Identifier: AGPL-3.0-or-later
// Search results: passages with their words marked, each a link to its very place in the document.
import { useEffect, useRef, useState } from "preact/hooks";
import { api, sentence } from "../api/client";
import { documents } from "../api/library";
import { stage, type Hit, type SearchAnswer } from "../api/types";
import { formats } from "../api/uploads";
import { may } from "../api/session";
import { announce, useCell } from "../base/cell";
import { placeWords, surrounds, toPlace, type Place } from "../base/place";
import { go } from "../base/router";
import { parseSnippet } from "../base/text";
import { capital, count, label } from "../base/words";
import { Badge, Choice, Failed } from "./bits";

const LIMIT = 20;
const LIMIT_MAX = 100;
const LINK_PLACES_MAX = 12; // more would make an address that some programs cut

function Snippet({ text }: { text: string }) {
    return <p class="snippet">{parseSnippet(text).map((s, i) => (s.marked ? <mark key={i}>{s.text}</mark> : s.text))}</p>;
}

export function hitLink(hit: Hit): string {
    const query = new URLSearchParams();
    const seen = new Set<string>();
    const places: Place[] = [];
    for (const raw of [hit.place, ...(hit.places ?? [])]) { // the sharpest first
        const place = toPlace(raw);
        const key = JSON.stringify(place);
        if (place && !seen.has(key) && places.length < LINK_PLACES_MAX && !(places[0] && surrounds(place, places[0]))) {
            seen.add(key);
            places.push(place);
        }
    }
    if (places.length > 0) {
        query.set("place", JSON.stringify(places.length === 1 ? places[0] : places));
    } else if (hit.chunk_index !== undefined) {
        query.set("chunk", String(hit.chunk_index));
    }
    if (hit.elements) {
        query.set("elements", hit.elements.join("-"));
    }
    return `/documents/${encodeURIComponent(hit.document_id)}?${query}`;
}

function typeOf(hit: Hit): string | undefined {
    return hit.type ?? documents.value.get(hit.document_id)?.type ?? /\.([a-z0-9]{1,5})$/i.exec(hit.document_name)?.[1];
}

function Result({ hit }: { hit: Hit }) {
    const place = placeWords(hit.place ?? hit.places?.[0]);
    return (
        <li class="result">
            <Badge type={typeOf(hit)} />
            <div>
                <p class="result-head"><a href={hitLink(hit)}>{hit.document_name}</a>{place && <span class="place">{capital(place)}</span>}</p>
                <Snippet text={hit.snippet ?? ""} />
            </div>
        </li>
    );
}

function NoResult({ q, filtered, clear }: { q: string; filtered: boolean; clear: () => void }) {
    const working = [...useCell(documents).values()].filter((d) => stage(d.status) === "working").length;
    return (
        <div class="empty">
            <h2>Nothing found for “{q}”</h2>
            <ul>
                <li>Try fewer or other words: “filter oil” rather than a whole sentence.</li>
                <li>Check the spelling, and part numbers digit by digit.</li>
                {working > 0 && <li>{count(working, "document")} {working === 1 ? "is" : "are"} still being read and will be found when ready.</li>}
                <li>The document may not be here yet. {may("write") && <a href="/">Add it to the library</a>}</li>
            </ul>
            {filtered && <button onClick={clear}>Search all types</button>}
        </div>
    );
}

export function SearchView({ query }: { query: URLSearchParams }) {
    const q = (query.get("q") ?? "").trim();
    const type = query.get("type") ?? "";
    const category = query.get("category") ?? "";
    const known = useCell(formats);
    const [answer, setAnswer] = useState<SearchAnswer | null>(null);
    const [answered, setAnswered] = useState("");
    const [error, setError] = useState("");
    const [limit, setLimit] = useState(LIMIT);
    const [again, setAgain] = useState(0);
    const spoken = useRef(0);
    const asked = JSON.stringify([q, type, category]);
    useEffect(() => setLimit(LIMIT), [asked]);
    useEffect(() => {
        setError("");
        if (q === "") {
            setAnswer(null);
            return;
        }
        const abort = new AbortController();
        const body = { query: q, limit, ...(type ? { types: [type] } : {}), ...(category ? { categories: [category] } : {}) };
        api<SearchAnswer>("POST", "/v1/search", { body, signal: abort.signal }).then(
            (result) => {
                setAnswer(result);
                setAnswered(asked);
                clearTimeout(spoken.current); // not after every letter
                spoken.current = window.setTimeout(() => announce(`${count(result.results.length, "passage")} found.`), 800);
            },
            (problem) => !abort.signal.aborted && setError(sentence(problem)),
        );
        return () => abort.abort();
    }, [asked, limit, again]);
    const set = (name: string, value: string) => {
        const next = new URLSearchParams(query);
        if (value) {
            next.set(name, value);
        } else {
            next.delete(name);
        }
        go("/search?" + next, { replace: true, keepFocus: true });
    };
    const categories = [...new Set(known.map((f) => f.category))].filter((c) => c !== "");
    const results = answer?.results ?? [];
    const stale = answered !== asked;
    return (
        <section class="sheet">
            <header class="sheet-head">
                <h1 tabIndex={-1}>Search</h1>
                <p class="folio" data-testid="took">
                    {q && answer && !error && <>{count(results.length, "passage")}{answer.took_ms !== undefined && ` in ${answer.took_ms < 10 ? Math.max(0.1, answer.took_ms).toFixed(1) : Math.round(answer.took_ms)} ms`}</>}
                </p>
            </header>
            <form class="filters two" aria-label="Limit the search" onSubmit={(e) => e.preventDefault()}>
                <Choice label="Type" value={type} set={(v) => set("type", v)} options={[["", "All types"], ...known.map((f): [string, string] => [f.type, f.title])]} />
                <Choice label="Category" value={category} set={(v) => set("category", v)} options={[["", "All categories"], ...categories.map((c): [string, string] => [c, label(c)])]} />
            </form>
            {error && <Failed text={error} again={() => setAgain(again + 1)} />}
            {q === "" && (
                <div class="empty">
                    <h2>What do you need to know?</h2>
                    <p>Type a question or a few words above: a temperature, an error code, a step of a checklist. Each result opens the document at its place.</p>
                </div>
            )}
            {q !== "" && results.length > 0 && (
                <ol class={"results" + (stale ? " stale" : "")} aria-label="Passages">{results.map((hit) => <Result key={hit.document_id + hit.chunk_id} hit={hit} />)}</ol>
            )}
            {q !== "" && results.length >= limit && limit < LIMIT_MAX && (
                <div class="after-rows"><button onClick={() => setLimit(Math.min(LIMIT_MAX, limit * 2))}>Show more</button></div>
            )}
            {q !== "" && answer && !stale && !error && results.length === 0 &&
                <NoResult q={q} filtered={type !== "" || category !== ""} clear={() => go("/search?" + new URLSearchParams({ q }), { replace: true, keepFocus: true })} />}
        </section>
    );
}
