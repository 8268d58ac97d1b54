// SPDX-License-Identifier: AGPL-3.0-or-later
// The library: adding documents, and all that are there with their state.
import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "../api/client";
import { may } from "../api/session";
import { documents, filter, listing, loadList, matches, NO_FILTER, setFilter, type Filter } from "../api/library";
import { stage, type Format, type Stage } from "../api/types";
import { addFiles, dismissFinished, formats, isActive, uploads } from "../api/uploads";
import { listen, useCell } from "../base/cell";
import { bytes, count } from "../base/words";
import { Choice, Failed, Icon } from "./bits";
import { DocumentRow, UploadRow } from "./row";

const NAME_DELAY_MS = 250;
const STAGES: [string, string][] = [["", "Any status"], ["working", "In progress"], ["ready", "Ready"], ["failed", "Could not be read"],
    ["quarantined", "Held for review"]];

export async function loadFormats(): Promise<void> {
    try {
        formats.set((await api<{ formats: Format[] }>("GET", "/v1/formats")).formats);
    } catch {
        // the library works without: no filter by type, and the server alone says what is too large
    }
}

/** The whole page takes files that are dropped on it. */
export function DropRoom() {
    const [over, setOver] = useState(false);
    useEffect(() => {
        let depth = 0;
        const on = (work: (data: DataTransfer) => void) => (event: DragEvent) => {
            if (event.dataTransfer?.types.includes("Files")) {
                event.preventDefault();
                work(event.dataTransfer);
                setOver(depth > 0);
            }
        };
        return listen(window, {
            dragenter: on(() => depth++),
            dragleave: on(() => depth--),
            dragover: on(() => {}),
            drop: on((data) => {
                depth = 0;
                addFiles([...data.files]);
            }),
        });
    }, []);
    return over ? <div class="drop-room" aria-hidden="true"><p>Drop the files to add them</p></div> : null;
}

function AddFiles() {
    const input = useRef<HTMLInputElement>(null);
    const known = useCell(formats);
    const kinds = [...new Set(known.map((f) => f.title))];
    const take = () => {
        addFiles([...(input.current?.files ?? [])]);
        input.current!.value = ""; // the same file can be chosen again
    };
    return (
        <section class="add" aria-label="Add documents">
            <button class="primary" onClick={() => input.current?.click()}><Icon name="upload" /> Add documents</button>
            <input ref={input} type="file" multiple hidden onChange={take} data-testid="files"
                accept={known.flatMap((f) => f.extensions.map((e) => "." + e)).join(",") || undefined} />
            <div>
                <p class="drag-words">Or drag files onto this page.</p>
                {kinds.length > 0 && <details><summary>{kinds.length} kinds of file</summary><p class="soft">{kinds.join(", ")}.</p></details>}
            </div>
        </section>
    );
}

function Filters({ by }: { by: Filter }) {
    const known = useCell(formats);
    const [name, setName] = useState(by.name);
    const timer = useRef(0);
    useEffect(() => setName((typed) => (typed.trim() === by.name ? typed : by.name)), [by.name]);
    const type = (text: string) => {
        setName(text);
        clearTimeout(timer.current);
        timer.current = window.setTimeout(() => setFilter({ ...filter.value, name: text.trim() }), NAME_DELAY_MS);
    };
    return (
        <form class="filters" aria-label="Filter the library" onSubmit={(e) => e.preventDefault()}>
            <label>Name<input type="search" value={name} onInput={(e) => type(e.currentTarget.value)} /></label>
            <Choice label="Type" value={by.type} set={(v) => setFilter({ ...by, type: v })} options={[["", "All types"], ...known.map((f): [string, string] => [f.type, f.title])]} />
            <Choice label="Status" value={by.stage} set={(v) => setFilter({ ...by, stage: v as Stage | "" })} options={STAGES} />
        </form>
    );
}

function Empty() {
    if (!may("write")) {
        return <div class="empty"><h2>Nothing here yet</h2><p>Documents appear here as soon as somebody who may add some has added them.</p></div>;
    }
    return (
        <div class="empty">
            <h2>Nothing here yet</h2>
            <ol class="steps">
                <li><b>Add documents.</b> Manuals, checklists, schedules, price lists: press “Add documents”, or drag them onto this page.</li>
                <li><b>Larder checks and reads them.</b> A file that is broken or unsafe is refused, with the reason and what to do.</li>
                <li><b>Search.</b> Type a few words above and open the very page that answers.</li>
            </ol>
        </div>
    );
}

function UploadSummary() {
    const all = useCell(uploads);
    const active = all.filter(isActive);
    const finished = all.length - active.length;
    if (all.length === 0) {
        return null;
    }
    const total = active.reduce((sum, u) => sum + u.file.size, 0);
    const sent = active.reduce((sum, u) => sum + u.sent, 0);
    return (
        <div class="summary">
            {active.length > 0 && <p>Uploading {count(active.length, "file")}: {bytes(Math.round(sent))} of {bytes(total)}</p>}
            {finished > 1 && <button class="quiet" onClick={dismissFinished}>Dismiss all {finished} messages</button>}
        </div>
    );
}

export function Library() {
    const all = useCell(documents);
    const list = useCell(listing);
    const by = useCell(filter);
    const sending = useCell(uploads);
    const shown = list.ids.map((id) => all.get(id)).filter((doc) => doc !== undefined).filter((doc) => matches(doc, by));
    const filtered = by.type !== "" || by.stage !== "" || by.name !== "";
    const empty = list.loaded && shown.length === 0 && sending.length === 0;
    const held = shown.filter((doc) => stage(doc.status) === "quarantined").length;
    return (
        <section class="sheet">
            <header class="sheet-head">
                <h1 tabIndex={-1}>Library</h1>
                <p class="folio">
                    {list.loaded && by.stage !== "working" && list.total !== undefined && count(list.total, "document")}
                    {held > 0 && by.stage === "" && <> · <button class="link" onClick={() => setFilter({ ...NO_FILTER, stage: "quarantined" })}>{held} to review</button></>}
                </p>
            </header>
            {may("write") && <AddFiles />}
            {(filtered || !empty) && <Filters by={by} />}
            <UploadSummary />
            {list.error && (
                <Failed text={list.error} again={() => void loadList()} />
            )}
            <ul class="rows" aria-label="Documents" aria-busy={list.loading}>
                {sending.map((u) => <UploadRow key={u.key} upload={u} />)}
                {shown.map((doc) => <DocumentRow key={doc.id} doc={doc} />)}
            </ul>
            {!list.loaded && list.loading && <p class="soft">Loading the library</p>}
            {empty && !list.error && (filtered ? (
                <div class="empty">
                    <h2>No document fits</h2>
                    <p>No document has this name, type and status.</p>
                    <button onClick={() => setFilter(NO_FILTER)}>Show all documents</button>
                </div>
            ) : <Empty />)}
            {list.next && (
                <div class="after-rows"><button aria-disabled={list.loading} onClick={() => !list.loading && void loadList("more")}>Show more</button></div>
            )}
        </section>
    );
}
