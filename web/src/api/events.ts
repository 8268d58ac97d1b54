// SPDX-License-Identifier: AGPL-3.0-or-later
// The stream of numbered events: WebSocket first, then server-sent events, then asking every two seconds.
//
// Invariant: an event is handed over once, in order of its number; after a break (lost network, sleep, a restarted server)
// the stream goes on behind the last number seen. After each break onReset lets the library load itself again besides, so
// that even a server that has forgotten old events leaves nothing out.
import { Cell, listen } from "../base/cell";
import { api, Problem } from "./client";
import type { LarderEvent } from "./types";

export type Link = "connecting" | "live" | "polling" | "lost";
export const link = new Cell<Link>("connecting");

const KINDS = ["created", "updated", "progress", "ready", "failed", "quarantined", "deleted"].map((k) => "document." + k);
const BACKOFF_MS = [300, 1000, 2000, 4000, 8000, 15000];
const POLL_MS = 2000;
const TICK_MS = 5000;
const SLEPT_MS = 20000; // a tick this late means that the machine slept
const SILENT_MS = 45000; // then one question by HTTP tells whether the stream is dead
const UPGRADE_MS = 60000; // on a lesser transport, how often the better one is tried again
const FUTURE = Number.MAX_SAFE_INTEGER; // no event has this number: asks for the newest number only
const REFUSED_MAX = 2; // failures before the next lesser transport

export interface Handlers {
    onEvents(events: LarderEvent[]): void;
    /** Events may be missing: load again. */
    onReset(): void;
}

interface EventPage {
    events: LarderEvent[];
    last: number;
}

/** The number of the newest event; undefined when the server does not answer. */
export async function newest(): Promise<number | undefined> {
    try {
        return (await api<EventPage>("GET", `/v1/events?since=${FUTURE}`)).last;
    } catch {
        return undefined;
    }
}

/** A transport: starts, tells what it hears, and returns what ends it. */
type Transport = (url: string, opened: () => void, heard: (text: unknown) => void, ended: () => void) => () => void;

const socket: Transport = (url, opened, heard, ended) => {
    const ws = new WebSocket(location.origin.replace(/^http/, "ws") + url);
    ws.onopen = opened;
    ws.onmessage = (message) => heard(message.data);
    ws.onclose = ended;
    return () => ws.close();
};

const source: Transport = (url, opened, heard, ended) => {
    const sse = new EventSource(url);
    sse.onopen = opened;
    sse.onerror = ended;
    for (const kind of ["message", ...KINDS]) {
        sse.addEventListener(kind, (message) => heard((message as MessageEvent).data));
    }
    return () => sse.close();
};

export function eventStream(handlers: Handlers) {
    let since: number | undefined;
    let stop: (() => void) | null = null; // ends the present transport
    let unlisten: (() => void) | null = null; // null: not started
    let timer = 0;
    let ticker = 0;
    let failures = 0;
    let refused = [0, 0]; // by transport
    let heardAt = 0;
    let tickedAt = 0;
    let upgradeAt = Infinity;

    function hand(events: LarderEvent[]): void {
        const fresh = events.filter((event) => {
            const news = typeof event?.seq === "number" && event.kind && (since === undefined || event.seq > since);
            since = news ? event.seq : since;
            return news; // else a greeting, a repetition, or a message of a later server
        });
        if (fresh.length > 0) {
            handlers.onEvents(fresh);
        }
    }

    const url = () => "/v1/events" + (since === undefined ? "" : `?since=${since}`);

    /** One question by plain HTTP; tells whether there was news. A 401 shows the sign-in page. */
    async function ask(): Promise<boolean> {
        const asked = since;
        const answer = await api<EventPage>("GET", `/v1/events?since=${since ?? FUTURE}`);
        const before = since;
        hand(answer.events);
        since ??= answer.last;
        if (asked !== undefined && answer.last < asked) { // the server counts anew: another database
            since = answer.last;
            handlers.onReset();
            if (link.value === "live") {
                connect();
            }
        }
        return since !== before;
    }

    function halt(): void {
        stop?.();
        stop = null;
        clearTimeout(timer);
    }

    function later(ms: number): void {
        clearTimeout(timer);
        timer = window.setTimeout(connect, ms);
    }

    function opened(): void {
        const again = failures > 0;
        failures = 0;
        heardAt = Date.now();
        link.set("live");
        if (again || since === undefined) {
            handlers.onReset();
            ask().catch(() => {}); // does the server count anew?
        }
    }

    function broken(wasOpen: boolean): void {
        halt();
        failures++;
        if (failures > 1) {
            link.set(failures > 2 ? "lost" : "connecting");
        }
        later(BACKOFF_MS[Math.min(failures, BACKOFF_MS.length) - 1]! * (0.8 + 0.4 * Math.random()));
        if (!wasOpen) {
            // Is it the transport, the key or the server? An answer by HTTP tells.
            ask().then(() => later(BACKOFF_MS[0]!), (error) => {
                if (error instanceof Problem && error.status === 0) {
                    refused = [0, 0]; // the server is away; that says nothing about transports
                }
            });
        }
    }

    function open(transport: Transport, which: number): void {
        let open = false;
        let live = true;
        const end = transport(url(), () => {
            open = true;
            if (live) {
                refused[which] = 0;
                opened();
            }
        }, (text) => {
            if (live) {
                heardAt = Date.now();
                try {
                    hand([JSON.parse(String(text)) as LarderEvent]);
                } catch {
                    // not an event
                }
            }
        }, () => {
            if (live) {
                refused[which]! += open ? 0 : 1;
                broken(open);
            }
        });
        stop = () => {
            live = false;
            end();
        };
    }

    /** Asks again and again, until another transport is tried. */
    function poll(): void {
        let live = true;
        stop = () => {
            live = false;
        };
        const again = async () => {
            try {
                await ask();
                if (live) {
                    failures = 0;
                    link.set("polling");
                    timer = window.setTimeout(again, POLL_MS);
                }
            } catch {
                if (live) {
                    broken(false);
                }
            }
        };
        void again();
    }

    function connect(): void {
        halt();
        if (!unlisten) {
            return;
        }
        const which = refused.findIndex((n) => n < REFUSED_MAX);
        upgradeAt = which === 0 ? Infinity : Date.now() + UPGRADE_MS;
        if (which < 0) {
            poll();
        } else {
            open(which === 0 ? socket : source, which);
        }
    }

    function wake(): void {
        if (document.visibilityState === "visible" && (Date.now() - tickedAt > SLEPT_MS || (link.value !== "live" && !stop))) {
            tickedAt = Date.now();
            failures = Math.min(failures, 1);
            connect();
        }
    }

    function tick(): void {
        const now = Date.now();
        const slept = now - tickedAt > SLEPT_MS;
        tickedAt = now;
        if (slept || now > upgradeAt) {
            refused = [0, 0];
            failures ||= 1;
            connect();
        } else if (link.value === "live" && now - heardAt > SILENT_MS) {
            heardAt = now;
            ask().then((news) => news && connect(), connect);
        }
    }

    return {
        /** from: the number that the list stands for; undefined: from now on, and onReset once connected. */
        start(from: number | undefined): void {
            this.end();
            since = from;
            tickedAt = Date.now();
            ticker = window.setInterval(tick, TICK_MS);
            const ends = [listen(window, { online: wake, pageshow: wake }), listen(document, { visibilitychange: wake })];
            unlisten = () => ends.forEach((end) => end());
            connect();
        },
        end(): void {
            unlisten?.();
            unlisten = null;
            clearInterval(ticker);
            halt();
        },
    };
}
