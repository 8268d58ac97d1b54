// SPDX-License-Identifier: AGPL-3.0-or-later
// Calls to the API. Errors become one class whose message can be shown to people as it is.
import { Cell } from "../base/cell";
import type { Finding } from "./types";

/** True once a call was refused for lack of a key: the app then shows the sign-in page. */
export const needsKey = new Cell(false);

export class Problem extends Error {
    constructor(
        readonly status: number, // 0: no answer
        message: string,
        readonly body: { findings?: Finding[]; reason?: string; verdict?: string } = {},
        readonly retryAfter = 0, // seconds; 0: not said
    ) {
        super(message);
    }
}

const SAYS: Record<number, string> = {
    0: "Larder cannot be reached. Check the network.",
    403: "Your key does not allow this.",
    404: "This is no longer here.",
    409: "This is not possible in the present state.",
    413: "This is too large.",
    429: "Too many requests at once.",
    503: "Larder is busy.",
    507: "The server has no space left.",
};

export function problemFrom(status: number, text: string, retryAfter: string | null): Problem {
    let body: Record<string, unknown> = {};
    try {
        const parsed: unknown = JSON.parse(text);
        body = typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : {};
    } catch {
        // not a problem document: a proxy's page, or nothing at all
    }
    const said = typeof body.detail === "string" ? body.detail : typeof body.title === "string" ? body.title : "";
    const seconds = Number(retryAfter);
    return new Problem(status, said || SAYS[status] || "Something went wrong on the server.", body,
        Number.isFinite(seconds) && seconds > 0 ? seconds : 0);
}

export const writeHeaders = { "X-Larder-Client": "web" };

export async function api<T>(method: string, path: string, options: { body?: unknown; signal?: AbortSignal; quiet?: boolean } = {}): Promise<T> {
    const headers: Record<string, string> = { Accept: "application/json", ...(method === "GET" ? {} : writeHeaders) };
    const init: RequestInit = { method, headers, credentials: "same-origin" };
    if (options.body !== undefined) {
        headers["Content-Type"] = "application/json";
        init.body = JSON.stringify(options.body);
    }
    if (options.signal) {
        init.signal = options.signal;
    }
    let response: Response, text: string;
    try {
        response = await fetch(path, init);
        text = await response.text();
    } catch (error) {
        if (options.signal?.aborted) {
            throw error;
        }
        throw new Problem(0, SAYS[0]!);
    }
    if (response.ok) {
        try {
            return (text === "" ? null : JSON.parse(text)) as T;
        } catch {
            throw new Problem(response.status, "The server's answer could not be understood.");
        }
    }
    if (response.status === 401 && !options.quiet) {
        needsKey.set(true);
    }
    throw problemFrom(response.status, text, response.headers.get("Retry-After"));
}

export function documentPath(id: string): string {
    return `/v1/documents/${encodeURIComponent(id)}`;
}

export function sentence(error: unknown): string {
    return error instanceof Problem ? error.message : "Something went wrong in this page. Load it again.";
}

/** Runs tasks with a limit on how many at once. */
export class Lane {
    private running = 0;
    private waiting: (() => Promise<void>)[] = [];

    constructor(private readonly width: number) {}

    add(task: () => Promise<void>): void {
        this.waiting.push(task);
        this.next();
    }

    private next(): void {
        const task = this.running < this.width ? this.waiting.shift() : undefined;
        if (task) {
            this.running++;
            void task().finally(() => {
                this.running--;
                this.next();
            });
        }
    }
}
