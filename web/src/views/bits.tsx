// SPDX-License-Identifier: AGPL-3.0-or-later
// Small parts that several views share.
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { documentPath, sentence } from "../api/client";
import type { Doc } from "../api/types";
import { announcement, Cell, useCell } from "../base/cell";

/** A picture of the sprite in index.html. */
export function Icon({ name }: { name: "search" | "upload" | "chevron" | "back" | "next" | "close" | "warning" | "stop" | "info" | "check" }) {
    return <svg class="icon" aria-hidden="true"><use href={"#icon-" + name} /></svg>;
}

export function Badge({ type }: { type: string | undefined }) {
    return <span class="badge">{(type || "file").slice(0, 5).toUpperCase()}</span>;
}

/** The small picture of a document that is ready: of the photo, of the first page, of a scene. "" if there is none. */
export function coverOf(doc: Doc): string {
    const path = doc.type === "pdf" ? "/pages/1?width=100" : doc.category === "image" || doc.category === "video" ? "/images/thumbnail" : "";
    return path && doc.status === "ready" ? documentPath(doc.id) + path : "";
}

/** That picture, or the type when there is none. */
export function Cover({ doc }: { doc: Doc }) {
    const src = coverOf(doc);
    const [lost, setLost] = useState("");
    return src && src !== lost ? <img class="badge cover" src={src} alt="" loading="lazy" onError={() => setLost(src)} /> : <Badge type={doc.type} />;
}

export function Bar({ label, value, max }: { label: string; value: number | null; max: number }) {
    // Without a value the browser shows that something goes on, not how far.
    return value === null || max <= 0 ? <progress class="bar" aria-label={label} /> :
        <progress class="bar" aria-label={label} value={Math.min(value, max)} max={max} />;
}

export function Announcer() {
    return <div class="hidden" role="status" aria-live="polite">{useCell(announcement)}</div>;
}

/** What went wrong last, until it is dismissed. */
export const trouble = new Cell("");

export function Trouble() {
    const text = useCell(trouble);
    return (
        <div role="alert" class="trouble-room">
            {text && (
                <div class="note bad trouble">
                    <p>{text}</p>
                    <button class="quiet square" aria-label="Dismiss this message" onClick={() => trouble.set("")}>
                        <Icon name="close" />
                    </button>
                </div>
            )}
        </div>
    );
}

/** Does something that can fail; says what went wrong in people's words. */
export async function attempt(what: string, task: () => Promise<void>): Promise<boolean> {
    try {
        trouble.set("");
        await task();
        return true;
    } catch (error) {
        trouble.set(`${what} ${sentence(error)}`);
        return false;
    }
}

interface Question {
    title: string;
    text: string;
    yes: string;
    run: () => void;
}

const question = new Cell<Question | null>(null);

export function confirmFirst(next: Question): void {
    question.set(next);
}

export function Dialog() {
    const asked = useCell(question);
    const dialog = useRef<HTMLDialogElement>(null);
    useEffect(() => {
        if (asked && !dialog.current?.open) {
            dialog.current?.showModal();
        }
    }, [asked]);
    const close = () => dialog.current?.close();
    return (
        <dialog ref={dialog} aria-labelledby="dialog-title" aria-describedby="dialog-text" onClose={() => question.set(null)}>
            {asked && (
                <form method="dialog" onSubmit={() => asked.run()}>
                    <h2 id="dialog-title">{asked.title}</h2>
                    <p id="dialog-text">{asked.text}</p>
                    <div class="buttons">
                        <button type="submit" class="danger">{asked.yes}</button>
                        <button type="button" onClick={close} autofocus>Cancel</button>
                    </div>
                </form>
            )}
        </dialog>
    );
}

/** A button whose work takes a moment: it can't be pressed twice meanwhile. leaves: called when it goes away with the focus. */
export function WorkButton({ run, children, kind, leaves }:
    { run: () => Promise<unknown>; children: ComponentChildren; kind?: string; leaves?: (button: HTMLElement) => void }) {
    const [busy, setBusy] = useState(false);
    const self = useRef<HTMLButtonElement>(null);
    useLayoutEffect(() => () => {
        if (self.current && self.current === document.activeElement) {
            leaves?.(self.current);
        }
    }, []);
    const press = async () => {
        if (!busy) {
            setBusy(true);
            await run().finally(() => setBusy(false));
        }
    };
    return <button ref={self} class={kind ?? ""} aria-disabled={busy} onClick={press}>{children}</button>;
}

export function Failed({ text, again }: { text: string; again: () => void }) {
    return <div class="note bad"><p>{text}</p><button onClick={again}>Try again</button></div>;
}

/** A choice out of a few, with its label. */
export function Choice({ label, value, options, set }: { label: string; value: string; options: [string, string][]; set: (value: string) => void }) {
    return (
        <label>{label}
            <select value={value} onChange={(e) => set(e.currentTarget.value)}>
                {options.map(([key, words]) => <option key={key} value={key}>{words}</option>)}
            </select>
        </label>
    );
}

export function Message({ title, children }: { title: string; children: ComponentChildren }) {
    return (
        <section class="sheet message">
            <h1 tabIndex={-1}>{title}</h1>
            {children}
        </section>
    );
}
