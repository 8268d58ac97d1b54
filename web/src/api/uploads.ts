// SPDX-License-Identifier: AGPL-3.0-or-later
// Uploads of this page: three at a time, each until the server's verdict. From then on it is a document of the library.
//
// States: waiting → sending → checking → (gone: a document) | refused | duplicate | problem. A busy server or a lost
// connection leads back from sending or checking to sending after a pause; a pause keeps its slot, so that a busy server
// is not asked more often. Sending the same bytes twice is harmless: the server knows content by its hash.
import { announce, Cell } from "../base/cell";
import { bytes } from "../base/words";
import { needsKey, Problem, problemFrom, writeHeaders } from "./client";
import { checking, filter, insert, mine, moment, NO_FILTER, setFilter } from "./library";
import type { Doc, Finding, Format } from "./types";

export interface Upload {
    key: string;
    file: File;
    state: "waiting" | "sending" | "checking" | "paused" | "refused" | "duplicate" | "problem";
    sent: number;
    /** For people: why it waits, or what is wrong. */
    message: string;
    findings: Finding[];
    existing: Doc | null;
    retryAt: number;
}

const AT_ONCE = 3;
const PAUSES_S = [1, 2, 5, 10, 20, 30];
const FILES_MAX = 2000; // of one drop; more is a mistake

export const uploads = new Cell<readonly Upload[]>([]);
export const formats = new Cell<readonly Format[]>([]);
const running = new Map<string, () => void>(); // key → stops it
let serial = 0;

function change(key: string, next: Partial<Upload>): void {
    uploads.set(uploads.value.map((u) => (u.key === key ? { ...u, ...next } : u)));
    checking.count = uploads.value.filter((u) => u.state === "checking").length;
}

function drop(key: string): void {
    uploads.set(uploads.value.filter((u) => u.key !== key));
    checking.count = uploads.value.filter((u) => u.state === "checking").length;
}

export function isActive(u: Upload): boolean {
    return u.state === "waiting" || u.state === "sending" || u.state === "checking" || u.state === "paused";
}

export function addFiles(files: File[]): void {
    const some = files.slice(0, FILES_MAX);
    if (some.length === 0) {
        return;
    }
    const fresh = some.map((file): Upload => ({ key: "upload-" + ++serial, file, state: "waiting", sent: 0, message: "",
        findings: [], existing: null, retryAt: 0 }));
    uploads.set([...uploads.value, ...fresh]);
    if (filter.value !== NO_FILTER) {
        setFilter(NO_FILTER); // else what was just added would not be seen
    }
    announce(some.length === 1 ? `Uploading ${some[0]!.name}.` : `Uploading ${some.length} files.`);
    pump();
}

function pump(): void {
    for (const upload of uploads.value) {
        if (running.size >= AT_ONCE) {
            return;
        }
        if (upload.state === "waiting" && !running.has(upload.key)) {
            let stop = () => {};
            const stopped = new Promise<never>((_, fail) => (stop = () => fail(new Stopped())));
            stopped.catch(() => {});
            running.set(upload.key, () => stop());
            void run(upload, stopped).finally(() => {
                running.delete(upload.key);
                pump();
            });
        }
    }
}

class Stopped extends Error {}

/** Over the cap of its type, by the server's own table: sending it would only take time. */
function tooLarge(file: File): Finding | null {
    const extension = file.name.split(".").pop()?.toLowerCase() ?? "";
    const format = formats.value.find((f) => f.extensions.includes(extension));
    if (!format?.cap_bytes || file.size <= format.cap_bytes) {
        return null;
    }
    return { code: "size.over_limit", layer: 2, severity: "reject",
        message: `The file has ${bytes(file.size)}; ${format.title} files may have up to ${bytes(format.cap_bytes)}.`,
        advice: "Split the file, or ask the administrator to raise the limit of this type." };
}

async function run(upload: Upload, stopped: Promise<never>): Promise<void> {
    const { key, file } = upload;
    const over = tooLarge(file);
    if (over) {
        refuse(upload, [over], "");
        return;
    }
    for (let attempt = 0; ; attempt++) {
        change(key, { state: "sending", sent: 0, message: "" });
        const began = moment();
        try {
            const doc = await send(key, file, stopped);
            mine.add(doc.id);
            if (doc.duplicate && attempt === 0) {
                change(key, { state: "duplicate", existing: doc });
                announce(`${file.name} is already in the library.`);
            } else {
                drop(key);
                insert(doc, began);
            }
            return;
        } catch (error) {
            if (error instanceof Stopped) {
                return;
            }
            const problem = error instanceof Problem ? error : new Problem(500, "Something went wrong in this page.");
            if (problem.status === 422) {
                refuse(upload, problem.body.findings ?? [], problem.message);
                return;
            }
            if (problem.status === 401) {
                needsKey.set(true);
                change(key, { state: "problem", message: "Sign in, then try again." });
                return;
            }
            if (problem.status === 0 && !(await readable(file))) {
                change(key, { state: "problem", message: "This file can no longer be read. It may have been moved or changed; choose it again." });
                return;
            }
            if (![0, 408, 429, 502, 503, 504].includes(problem.status)) {
                change(key, { state: "problem", message: problem.message });
                announce(`${file.name}: ${problem.message}`);
                return;
            }
            const seconds = problem.retryAfter || PAUSES_S[Math.min(attempt, PAUSES_S.length - 1)]!;
            change(key, { state: "paused", sent: 0, retryAt: Date.now() + seconds * 1000,
                message: problem.status === 0 ? "The connection was lost." : "The server is busy." });
            try {
                await Promise.race([pause(seconds * 1000), stopped]);
            } catch {
                return;
            }
        }
    }
}

function refuse({ key, file }: Upload, findings: Finding[], message: string): void {
    change(key, { state: "refused", findings, message: findings.length > 0 ? "" : message });
    announce(`${file.name} was refused. ${findings.map((f) => f.message).join(" ") || message}`);
}

async function readable(file: File): Promise<boolean> {
    try {
        await file.slice(0, 1).arrayBuffer();
        return true;
    } catch {
        return false;
    }
}

function pause(ms: number): Promise<void> {
    return new Promise((done) => {
        const over = () => {
            clearTimeout(timer);
            removeEventListener("online", over);
            done();
        };
        const timer = setTimeout(over, ms);
        addEventListener("online", over);
    });
}

function send(key: string, file: File, stopped: Promise<never>): Promise<Doc> {
    return new Promise((done, fail) => {
        const request = new XMLHttpRequest();
        const form = new FormData();
        form.append("file", file, file.name);
        request.open("POST", "/v1/documents");
        request.setRequestHeader("Accept", "application/json");
        for (const [name, value] of Object.entries(writeHeaders)) {
            request.setRequestHeader(name, value);
        }
        let drawn = 0;
        request.upload.onprogress = (event) => {
            if (event.timeStamp - drawn > 80) { // no more drawing than an eye can follow
                drawn = event.timeStamp;
                change(key, { sent: event.total > 0 ? Math.min(file.size, (event.loaded / event.total) * file.size) : 0 });
            }
        };
        request.upload.onload = () => change(key, { state: "checking", sent: file.size });
        request.onload = () => {
            if (request.status === 200 || request.status === 201) {
                try {
                    done(JSON.parse(request.responseText) as Doc);
                } catch {
                    fail(new Problem(request.status, "The server's answer could not be understood."));
                }
            } else {
                fail(problemFrom(request.status, request.responseText, request.getResponseHeader("Retry-After")));
            }
        };
        request.onerror = () => fail(new Problem(0, "The connection was lost."));
        stopped.catch((error) => {
            request.abort();
            fail(error);
        });
        request.send(form);
    });
}

/** Stops an active one, or takes a finished one off the list. */
export function dismiss(key: string): void {
    running.get(key)?.();
    drop(key);
}

export function dismissFinished(): void {
    uploads.set(uploads.value.filter(isActive));
}

export function retry(key: string): void {
    change(key, { state: "waiting", sent: 0, message: "", findings: [] });
    pump();
}

addEventListener("beforeunload", (event) => {
    if (uploads.value.some(isActive)) {
        event.preventDefault();
    }
});
