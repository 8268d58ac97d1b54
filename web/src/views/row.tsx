// SPDX-License-Identifier: AGPL-3.0-or-later
// One row of the library: an upload on its way, or a document. Both look alike, for to people they are the same thing.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { documentPath } from "../api/client";
import { cancelDocument, mine, releaseDocument, removeDocument, rereadDocument } from "../api/library";
import { may } from "../api/session";
import { errorSentences, holds, stage, statusWords, type Doc } from "../api/types";
import { dismiss, isActive, retry, type Upload } from "../api/uploads";
import { bytes, count, timeLeft, when } from "../base/words";
import { announce } from "../base/cell";
import { attempt, Badge, Bar, confirmFirst, Cover, coverOf, Icon, WorkButton } from "./bits";
import { Findings } from "./findings";

export function progressWords(doc: Doc): string {
    const p = doc.progress;
    if (p && p.queue_position && p.queue_position > 0) {
        return `Waiting, number ${p.queue_position} in line`;
    }
    if (p && p.unit && p.done !== undefined && doc.status === "partitioning") {
        const of = p.total ? ` of ${p.total.toLocaleString("en")}` : "";
        return `Reading ${p.unit} ${p.done.toLocaleString("en")}${of}`;
    }
    return statusWords(doc);
}

export function ProgressLine({ doc }: { doc: Doc }) {
    const p = doc.progress;
    const known = doc.status === "partitioning" && p?.total ? p.total : 0;
    const left = timeLeft(p?.seconds_left);
    return (
        <div class="progress">
            {!p?.queue_position && <Bar label={`Reading ${doc.name}`} value={known ? (p?.done ?? 0) : null} max={known} />}
            <p><span>{progressWords(doc)}</span>{left && <span class="soft">{left}</span>}</p>
        </div>
    );
}

/** Where the focus goes when this one has it and goes away: the next row, else the one before, else the heading. */
function beside(row: Element | null | undefined): HTMLElement | null {
    const links = [row?.nextElementSibling, row?.previousElementSibling].map((other) => other?.querySelector<HTMLElement>(".row-name a"));
    return links.find((link) => link) ?? document.querySelector<HTMLElement>("main h1");
}

/** A button that has the focus goes away: its document takes the focus over, or what is beside it if it leaves the list. */
function passFocus(button: HTMLElement): void {
    const row = button.closest(".row"), next = beside(row);
    setTimeout(() => {
        if (document.activeElement === document.body) { // nobody else took it meanwhile
            (row?.isConnected ? row.querySelector<HTMLElement>(".row-name a") : next)?.focus();
        }
    });
}

export function confirmDelete(doc: Doc, after?: () => void): void {
    const row = document.activeElement?.closest(".row"), next = beside(row);
    confirmFirst({
        title: `Delete “${doc.name}”?`,
        text: "The document and everything read from it are removed for everyone. This cannot be undone.",
        yes: "Delete",
        run: () => void attempt(`“${doc.name}” was not deleted.`, async () => {
            await removeDocument(doc.id);
            if (row && (row.contains(document.activeElement) || document.activeElement === document.body)) {
                next?.focus(); // the button that was pressed goes with its row
            }
            announce(`${doc.name} was deleted.`);
            after?.();
        }),
    });
}

export function DocumentButtons({ doc, after }: { doc: Doc; after?: () => void }) {
    const state = stage(doc.status);
    const button = (words: string, run: (id: string) => Promise<void>) =>
        <WorkButton run={() => attempt(`${words}: “${doc.name}”.`, () => run(doc.id))} leaves={passFocus}>{words}</WorkButton>;
    return (
        <div class="buttons">
            {state === "quarantined" ? may("manage") ? button("Release", releaseDocument) : <p class="soft">A manager looks at it, and releases or deletes it.</p> :
                <a class="button" href={documentPath(doc.id) + "/original"} download={doc.name}>Download</a>}
            {may("write") && (state === "working" ? button("Stop reading", cancelDocument) : state !== "quarantined" && button("Read again", rereadDocument))}
            {may("manage") && <button class="danger" onClick={() => confirmDelete(doc, after)}>Delete</button>}
        </div>
    );
}

function State({ kind, children }: { kind: string; children: ComponentChildren }) {
    return (
        <span class={"state " + kind}>
            {kind === "good" && <Icon name="check" />}
            {kind === "bad" && <Icon name="stop" />}
            {kind === "warn" && <Icon name="warning" />}
            <span>{children}</span>
        </span>
    );
}

export function StateWords({ doc }: { doc: Doc }) {
    const state = stage(doc.status);
    const notes = (doc.findings ?? []).filter((f) => f.severity !== "info").length;
    if (state === "working") {
        return <State kind="busy">{statusWords(doc)}</State>;
    }
    if (state === "ready") {
        return notes > 0 ? <State kind="warn">Ready, {count(notes, "warning")}</State> : <State kind="good">Ready</State>;
    }
    return <State kind={state === "failed" ? "bad" : "warn"}>{statusWords(doc)}</State>;
}

export function DocumentRow({ doc }: { doc: Doc }) {
    const [open, setOpen] = useState<boolean | null>(null);
    const id = useId();
    const state = stage(doc.status);
    const findings = doc.findings ?? [];
    const errors = errorSentences(doc);
    const shown = open ?? state === "quarantined"; // a decision is wanted
    const needsLook = state === "failed" || state === "quarantined";
    return (
        <li class={"row " + state} data-document={doc.id}>
            <Cover doc={doc} />
            <div class="row-main">
                <p class="row-name"><a href={"/documents/" + encodeURIComponent(doc.id)}>{doc.name}</a></p>
                <p class="row-meta">
                    {coverOf(doc) && <span>{doc.type.toUpperCase()}</span>}
                    {holds(doc).slice(0, 1).map((text) => <span>{text}</span>)}
                    {doc.size !== undefined && <span>{bytes(doc.size)}</span>}
                    {when(doc.created_at) && <span>{when(doc.created_at)}</span>}
                </p>
            </div>
            <StateWords doc={doc} />
            <button class="quiet more" aria-expanded={shown} aria-controls={id} aria-label={`Actions for ${doc.name}`} onClick={() => setOpen(!shown)}>
                <Icon name="chevron" />
            </button>
            {state === "working" && <div class="row-wide"><ProgressLine doc={doc} /></div>}
            {needsLook && (findings.length > 0 || errors.length > 0) && (
                <details class="row-wide" open={mine.has(doc.id) || state === "quarantined"}>
                    <summary>{count(findings.length || errors.length, "finding")}</summary>
                    {findings.length > 0 ? <Findings list={findings} /> : errors.map((text) => <p key={text}>{text}</p>)}
                </details>
            )}
            <div class="row-wide" id={id} hidden={!shown}>{shown && <DocumentButtons doc={doc} />}</div>
        </li>
    );
}

function Wait({ upload }: { upload: Upload }) {
    const [now, setNow] = useState(Date.now());
    useEffect(() => {
        const timer = setInterval(() => setNow(Date.now()), 500);
        return () => clearInterval(timer);
    }, []);
    const seconds = Math.max(0, Math.ceil((upload.retryAt - now) / 1000));
    return <>{upload.message} {seconds > 0 ? `Trying again in ${count(seconds, "second")}.` : "Trying again."}</>;
}

const STATES = {
    waiting: "Waiting to upload", sending: "Uploading", checking: "Checking", paused: "Waiting", refused: "Refused",
    duplicate: "Already there", problem: "Not uploaded",
};

export function UploadRow({ upload }: { upload: Upload }) {
    const { state, file, sent } = upload;
    const extension = /\.([a-z0-9]{1,5})$/i.exec(file.name)?.[1];
    const kind = state === "refused" || state === "problem" ? "bad" : state === "duplicate" || state === "paused" ? "warn" : "busy";
    const percent = file.size > 0 ? Math.floor((sent / file.size) * 100) : 100;
    return (
        <li class={"row upload " + state} data-upload={upload.key}>
            <Badge type={extension} />
            <div class="row-main">
                <p class="row-name">{file.name}</p>
                <p class="row-meta"><span>{bytes(file.size)}</span></p>
            </div>
            <State kind={kind}>{STATES[state]}</State>
            <button class="quiet more" aria-label={(isActive(upload) ? "Stop uploading " : "Dismiss ") + file.name} onClick={() => dismiss(upload.key)}>
                <Icon name="close" />
            </button>
            {(state === "sending" || state === "checking") && (
                <div class="row-wide progress">
                    <Bar label={`Uploading ${file.name}`} value={state === "sending" ? sent : null} max={file.size} />
                    <p>{state === "sending" ? <><span>{bytes(Math.round(sent))} of {bytes(file.size)}</span><span class="soft">{percent} %</span></> :
                        <span>Checking that the file is sound and safe</span>}</p>
                </div>
            )}
            {state === "paused" && <p class="row-wide"><Wait upload={upload} /></p>}
            {state === "refused" && (
                <div class="row-wide">
                    {upload.findings.length > 0 ? <Findings list={upload.findings} /> : <p>{upload.message}</p>}
                </div>
            )}
            {state === "duplicate" && upload.existing && (
                <p class="row-wide">
                    The same content is in the library as{" "}
                    <a href={"/documents/" + encodeURIComponent(upload.existing.id)}>{upload.existing.name}</a>. Nothing was added.
                </p>
            )}
            {state === "problem" && (
                <div class="row-wide">
                    <p>{upload.message}</p>
                    <div class="buttons"><button onClick={() => retry(upload.key)}>Try again</button></div>
                </div>
            )}
        </li>
    );
}
