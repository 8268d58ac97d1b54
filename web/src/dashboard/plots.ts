// SPDX-License-Identifier: AGPL-3.0-or-later
// Which plots there are: their lines out of the histories, in groups as people ask. A rule of the server names the plot that
// shows it (alert_rules.c); its threshold is drawn there.
import { Alert, each, find, History, peaks, ratio, rolling, Rule, Series, sum, total, whole } from "./data";
import type { Limit, Line } from "./plot";

export interface PlotData {
    id: string;
    title: string;
    unit: string;
    lines: Line[];
    top?: number;
    note?: string;
    joined?: boolean;
}
export interface Group {
    title: string;
    plots: PlotData[];
}

type Values = (number | null)[];
const COLOURS = ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7", "--c8"];
const LEVELS: Record<string, string> = { warning: "--warn", error: "--bad", critical: "--bad" };
const UPLOADS = "larder_uploads_total", PROCESSED = "larder_documents_processed_total", DISK_SHOWN_S = 30 * 86400, OBJECTIVE = 0.995;

export const outcome = (past: History, name: string, ...words: string[]) => words.flatMap((w) => find(past, name, { outcome: w }));

/** Counters that never counted stand at zero where others of theirs did. */
function counted(past: History, name: string, ...words: string[]): Values {
    const some = sum(past, outcome(past, name, ...words));
    return sum(past, find(past, name)).map((v, i) => (v === null ? null : (some[i] ?? 0)));
}

const line = (label: string, values: Values, i = 0): Line => ({ label, values, colour: COLOURS[i % COLOURS.length]! });

function byLabel(past: History, series: Series[], label: string, high = false): Line[] {
    return series.map((s, i) => line(s.labels[label]!.replaceAll("_", " "), high ? peaks(past, s) : s.values, i));
}

const readings = (past: History, name: string, label: string, words: string[]) => words.flatMap((w) => find(past, name, { [label]: w }));

function coming(past: History, a: string): PlotData[] {
    const good = ["accepted", "warned", "duplicate"];
    return [
        { id: "uploads", title: `Uploads ${a}`, unit: "", lines: [["taken in", good], ["refused", ["rejected"]], ["held", ["quarantined"]], ["failed", ["failed"]]]
            .map(([label, words], i) => line(label as string, whole(past, counted(past, UPLOADS, ...(words as string[]))), i)) },
        { id: "upload_rate", title: "Uploads taken in, of all", unit: "ratio", top: 1, joined: true,
            lines: [line("taken in", ratio(sum(past, outcome(past, UPLOADS, ...good)), sum(past, find(past, UPLOADS))))] },
        { id: "active_uploads", title: "Uploads on their way", unit: "", lines: [line("on their way", peaks(past, find(past, "larder_uploads_active")[0]))] },
    ];
}

function reading(past: History, a: string): PlotData[] {
    const ended = sum(past, outcome(past, PROCESSED, "ready", "refused", "dead")), dead = counted(past, PROCESSED, "dead");
    const ends = find(past, "larder_reader_ends_total").filter((s) => !["done", "refused", "unsupported", "cancelled", "stopped"].includes(s.labels.end!));
    const bad = ends.filter((s) => total(s.values) > 0);
    const burn = ratio(rolling(past, dead, 3600), rolling(past, ended, 3600)).map((v) => (v === null ? null : v / (1 - OBJECTIVE)));
    return [
        { id: "throughput", title: `Documents made ready ${a}`, unit: "", lines: [line("ready", whole(past, counted(past, PROCESSED, "ready")))] },
        { id: "processing", title: "Documents read well, of all", unit: "ratio", top: 1, joined: true, lines: [line("ready", ratio(sum(past, outcome(past, PROCESSED, "ready")), ended))] },
        { id: "depth", title: "Documents waiting and being read", unit: "", lines: byLabel(past, readings(past, "larder_jobs", "state", ["queued", "running", "dead"]), "state", true) },
        { id: "queue", title: "Age of the oldest that waits", unit: "seconds", lines: [line("oldest", peaks(past, find(past, "larder_job_oldest_waiting_seconds")[0]))] },
        { id: "latency", title: "Reading one document takes, on average", unit: "seconds", joined: true,
            lines: [line("reading", ratio(sum(past, find(past, "larder_processing_seconds_sum")), sum(past, find(past, "larder_processing_seconds_count"))))] },
        { id: "stages", title: "Stages: 95 % take less than", unit: "seconds", joined: true,
            lines: byLabel(past, readings(past, "larder_stage_seconds_p95", "stage", ["receive", "check", "scan", "read", "chunk", "embed", "index"]), "stage") },
        { id: "burn", title: "Failures by our own fault, against the allowed", unit: "x", joined: true, lines: [line("of the allowed", burn, 3)],
            note: "Allowed are 0.5 %; at 1 × exactly so many fail." },
        { id: "readers", title: `Readers that ended badly ${a}`, unit: "",
            lines: bad.length ? byLabel(past, bad, "end").map((l) => ({ ...l, values: whole(past, l.values) })) : [line("any", whole(past, sum(past, ends)))] },
    ];
}

function answers(past: History): PlotData[] {
    const responses = find(past, "larder_http_responses_total"), failed = sum(past, find(past, "larder_http_responses_total", { status: "5xx" }));
    const perSecond = (series: Series[]) => whole(past, sum(past, series)).map((v) => (v === null ? null : v / past.step));
    return [
        { id: "search", title: "Search: 95 % take less than", unit: "seconds", joined: true, lines: [...byLabel(past, readings(past, "larder_stage_seconds_p95", "stage", ["search"]), "stage")] },
        { id: "requests", title: "Requests a second", unit: "rate", lines: [line("answered", perSecond(responses))] },
        { id: "answers", title: "Requests that failed by our fault", unit: "ratio", top: 0.06, joined: true, lines: [line("failed", ratio(failed, sum(past, responses)), 3)] },
    ];
}

function connections(past: History, a: string): PlotData[] {
    return [
        { id: "websockets", title: "WebSockets open", unit: "", lines: [line("open", peaks(past, find(past, "larder_websockets")[0]))] },
        { id: "rtt", title: "WebSocket round trip, average", unit: "seconds", lines: [line("round trip", find(past, "larder_websocket_rtt_seconds")[0]?.values ?? [])] },
        { id: "streams", title: `Streams taken up again, or too slow, ${a}`, unit: "", lines: [line("taken up again", whole(past, sum(past, find(past, "larder_streams_resumed_total")))),
            line("closed as too slow", whole(past, sum(past, find(past, "larder_streams_slow_closed_total"))), 3)] },
    ];
}

function machine(past: History): PlotData[] {
    return [
        { id: "resources", title: "Memory, of the limit that binds", unit: "ratio", top: 1, lines: [line("memory", peaks(past, find(past, "larder_memory_used_ratio")[0]))] },
        { id: "cpu", title: "Processor time of the server", unit: "ratio",
            lines: [line("of one core", whole(past, sum(past, find(past, "process_cpu_seconds_total"))).map((v) => (v === null ? null : v / past.step)))] },
        { id: "pressure", title: "Share of time in which work waited for", unit: "ratio", lines: byLabel(past, readings(past, "larder_pressure_ratio", "resource", ["cpu", "memory", "io"]), "resource")
            .map((l) => ({ ...l, label: { cpu: "processor", memory: "memory", io: "disk" }[l.label] ?? l.label })) },
    ];
}

function disk(past: History): PlotData[] {
    const left = find(past, "larder_disk_full_seconds")[0]?.values.map((v) => (v === null ? null : Math.min(v, DISK_SHOWN_S)));
    const bytes = (name: string) => find(past, name)[0]?.values ?? [];
    return [
        { id: "disk", title: "Time until the disk is full", unit: "seconds", lines: [line("left", left ?? [])], note: "Shown up to 30 days: at the top nothing is to be feared." },
        { id: "space", title: "Disk free", unit: "bytes", lines: [line("free", bytes("larder_disk_free_bytes"))] },
        { id: "kept", title: "Kept by Larder", unit: "bytes", lines: [line("originals", bytes("larder_store_blob_bytes")), line("database", bytes("larder_store_database_bytes"), 1)] },
        { id: "commits", title: "A commit takes, on average", unit: "seconds", joined: true,
            lines: [line("commit", ratio(sum(past, find(past, "larder_store_commit_seconds_total")), sum(past, find(past, "larder_store_commits_total"))))] },
    ];
}

function tests(past: History): PlotData[] {
    const scanner = find(past, "larder_scanner_up")[0], certificate = find(past, "larder_tls_certificate_expiry_seconds")[0];
    return [
        { id: "canary", title: "Self-tests that failed, in a row", unit: "", top: 2, lines: [line("failed", peaks(past, find(past, "larder_canary_failures")[0]))] },
        { id: "storage", title: "Damage found", unit: "", lines: byLabel(past, readings(past, "larder_integrity_failures", "part", ["audit", "database", "disk"]), "part", true)
            .map((l) => ({ ...l, label: l.label === "audit" ? "audit log" : l.label })) },
        ...(scanner ? [{ id: "scanner", title: "The virus scanner answers", unit: "", lines: [line("answers", scanner.values)], note: "1: it answers. 0: it does not." }] : []),
        ...(certificate ? [{ id: "certificate", title: "The TLS certificate is valid for", unit: "seconds", lines: [line("left", certificate.values)] }] : []),
    ];
}

export function groups(past: History): Group[] {
    const a = each(past.step);
    return [{ title: "Coming in", plots: coming(past, a) }, { title: "Reading", plots: reading(past, a) }, { title: "Answers", plots: answers(past) },
        { title: "Connections", plots: connections(past, a) }, { title: "Machine", plots: machine(past) }, { title: "Disk", plots: disk(past) },
        { title: "Self-tests", plots: tests(past) }];
}

/** The plot of a rule: burn rates have a plot of their own, whatever rule asks. */
export const plotOf = (rule: Pick<Rule, "unit" | "plot">) => (rule.unit === "x" ? "burn" : rule.plot);

export function limitsOf(plot: PlotData, rules: Rule[], firing: Alert[]): Limit[] {
    return rules.filter((r) => r.enabled && plotOf(r) === plot.id && r.unit === plot.unit)
        .map((r) => ({ value: r.raise, label: `${r.severity} ${r.direction === "above" ? "over" : "under"}`, colour: LEVELS[r.severity] ?? "--warn",
            firing: firing.some((one) => one.rule === r.name) }));
}
