// SPDX-License-Identifier: AGPL-3.0-or-later
// What the dashboard asks the server for, and what it makes of it.
import { api } from "larder-app";

export interface Series {
    name: string;
    labels: Record<string, string>;
    kind: "increase" | "reading";
    unit: string;
    values: (number | null)[];
    max?: (number | null)[];
}
export interface History {
    from: number;
    step: number;
    points: number;
    series: Series[];
}
export interface Alert {
    rule: string;
    title: string;
    severity: "warning" | "error" | "critical";
    state: string;
    firing: boolean;
    label: string;
    word: string;
    value: number | null;
    threshold: number;
    direction: "above" | "below";
    unit: string;
    plot: string;
    advice: string;
    since: string | null;
    fired_at: string | null;
    acknowledged_at: string | null;
    held: string | null;
}
/** One line of what happened. */
export interface Change {
    id: number;
    time: string;
    alert: Alert & { from?: string };
}
export interface Alerts {
    alerts: Alert[];
    silences: { id: number; rule: string; word: string; until: string; maintenance: boolean; comment: string }[];
    channels: { channel: string; sent: number; failed: number; dropped: number; last_error: string | null }[];
}
export interface Rule {
    name: string;
    title: string;
    severity: string;
    enabled: boolean;
    direction: "above" | "below";
    raise: number;
    objective?: number;
    unit: string;
    plot: string;
}

/** In the address, in words, seconds, and how long one point of a plot is: whole days and weeks, so that nights and Sundays make no saw. */
export const RANGES: [string, string, number, number?][] = [["1h", "1 hour", 3600], ["6h", "6 hours", 21600], ["24h", "24 hours", 86400],
    ["7d", "7 days", 604800], ["90d", "90 days", 7776000, 86400], ["2y", "2 years", 63072000, 604800]];

const FAST = ["larder_uploads_total", "larder_documents_processed_total", "larder_jobs", "larder_job_oldest_waiting_seconds",
    "larder_stage_seconds_p95", "larder_processing_seconds_sum", "larder_processing_seconds_count", "larder_http_responses_total",
    "larder_websockets", "larder_websocket_rtt_seconds", "larder_memory_used_ratio", "process_cpu_seconds_total",
    "larder_pressure_ratio", "larder_disk_free_bytes", "larder_disk_full_seconds", "larder_reader_ends_total"];
const MORE = ["larder_streams_slow_closed_total", "larder_streams_resumed_total", "larder_store_commit_seconds_total",
    "larder_store_commits_total", "larder_searches_total", "larder_uploads_active", "process_resident_memory_bytes",
    "larder_canary_failures", "larder_canary_seconds", "larder_integrity_failures", "larder_store_database_bytes",
    "larder_store_blob_bytes", "larder_http_request_seconds_p95", "larder_scanner_up",
    "larder_tls_certificate_expiry_seconds"];

export async function loadHistory(seconds: number, step?: number): Promise<History> {
    const ask = (names: string[]) => api<History>("GET", `/v1/metrics/query?name=${names.join(",")}&from=-${seconds}${step ? `&step=${step}` : ""}`);
    const [a, b] = await Promise.all([ask(FAST), ask(MORE)]);
    // Both were asked in the same moment; one may have begun a step later.
    const points = Math.min(a.points, b.points);
    const fit = (h: History) => h.series.map((s) => ({ ...s, values: s.values.slice(-points), ...(s.max ? { max: s.max.slice(-points) } : {}) }));
    return { from: Math.max(a.from, b.from), step: a.step, points, series: [...fit(a), ...fit(b)] };
}

export const loadAlerts = () => api<Alerts>("GET", "/v1/alerts");
export const loadChanges = () => api<{ changes: Change[] }>("GET", "/v1/alerts/history?limit=100");
export const loadRules = () => api<{ rules: Rule[] }>("GET", "/v1/alerts/rules");

export function find(h: History, name: string, labels: Record<string, string> = {}): Series[] {
    return h.series.filter((s) => s.name === name && Object.entries(labels).every(([k, v]) => s.labels[k] === v));
}

/** Adds series point by point; a point without any value stays without. */
export function sum(h: History, series: Series[]): (number | null)[] {
    return Array.from({ length: h.points }, (_, i) => series.reduce<number | null>((all, s) => {
        const v = s.values[i] ?? null;
        return v === null ? all : (all ?? 0) + v;
    }, null));
}

export const total = (values: (number | null)[]) => values.reduce<number>((all, v) => all + (v ?? 0), 0);

export function last(values: (number | null)[] | undefined): number | null {
    for (let i = (values?.length ?? 0) - 1; i >= 0; i--) {
        const v = values![i];
        if (v !== null && v !== undefined) {
            return v;
        }
    }
    return null;
}

/** a over b point by point; nothing where b is nothing. */
export function ratio(a: (number | null)[], b: (number | null)[]): (number | null)[] {
    return b.map((v, i) => (v ? (a[i] ?? 0) / v : null));
}

/** Increases of the last step, which is not over yet, would look like a fall. */
export function whole(h: History, values: (number | null)[]): (number | null)[] {
    const over = Date.now() / 1000 >= h.from + h.points * h.step;
    return over || h.step < 60 ? values : [...values.slice(0, -1), null];
}

/** The highest of each step, which thresholds are about, where a step is long. */
export const peaks = (h: History, s: Series | undefined) => (h.step > 1 ? (s?.max ?? s?.values) : s?.values) ?? Array<number | null>(h.points).fill(null);

/** Of each point the sum of the points within the seconds before it. */
export function rolling(h: History, values: (number | null)[], seconds: number): (number | null)[] {
    const back = Math.max(1, Math.round(seconds / h.step));
    let all = 0;
    return values.map((v, i) => {
        all += (v ?? 0) - (i >= back ? (values[i - back] ?? 0) : 0);
        return v === null ? null : all;
    });
}

const round = (v: number) => (v >= 100 ? v.toFixed(0) : v >= 10 ? v.toFixed(1) : v >= 0.1 || v === 0 ? v.toFixed(2) : v.toPrecision(2)).replace(/\.0+$/, "");

/** A value as people read it. */
export function say(v: number | null, unit: string): string {
    if (v === null || Number.isNaN(v)) {
        return "–";
    }
    switch (unit) {
        case "ratio":
            return `${(v * 100).toFixed(v > 0.995 && v < 1 ? 2 : 1).replace(/\.0+$/, "")} %`;
        case "seconds":
            return v >= 86400 * 365 * 3 ? "years" : v >= 172800 ? `${round(v / 86400)} d` : v >= 5400 ? `${round(v / 3600)} h` :
                v >= 90 ? `${round(v / 60)} min` : v >= 1 || v === 0 ? `${round(v)} s` : `${round(v * 1000)} ms`;
        case "bytes":
            return v >= 2 ** 40 ? `${round(v / 2 ** 40)} TiB` : v >= 2 ** 30 ? `${round(v / 2 ** 30)} GiB` : v >= 2 ** 20 ? `${round(v / 2 ** 20)} MiB` :
                v === 0 ? "0" : `${round(v / 1024)} KiB`;
        case "x":
            return `${round(v)} ×`;
        default:
            return v >= 1e6 ? `${round(v / 1e6)} M` : v >= 1e4 ? `${round(v / 1e3)} k` : round(v);
    }
}

const EACH: Record<number, string> = { 60: "minute", 3600: "hour", 86400: "day", 604800: "week" };
/** "each 15 s", "a day" */
export const each = (step: number) => (EACH[step] ? `a ${EACH[step]}`.replace("a hour", "an hour") : `each ${say(step, "seconds")}`);

export function ago(time: string | null): string {
    const s = time ? (Date.now() - Date.parse(time)) / 1000 : 0;
    return s < 90 ? "since just now" : s < 5400 ? `for ${Math.round(s / 60)} min` : s < 172800 ? `for ${Math.round(s / 3600)} h` : `for ${Math.round(s / 86400)} d`;
}
