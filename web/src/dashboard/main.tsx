// SPDX-License-Identifier: AGPL-3.0-or-later
// The dashboard: one look tells whether the system is well. Status, alerts with what to do, figures, file types, plots.
import { useEffect, useRef, useState } from "preact/hooks";
import { announce, api, here, useCell } from "larder-app";
import {
    ago, Alert, Alerts, find, History, last, loadAlerts, loadHistory, loadRules, RANGES, ratio, Rule, say, Series, sum, total,
} from "./data";
import { Limit, Line, Plot } from "./plot";

const FAST_MS = 5000;
const SLOW_MS = 60000;
const COLOURS = ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7", "--c8"];

function Status({ alerts }: { alerts: Alerts }) {
    const firing = alerts.alerts.filter((a) => a.firing);
    const worst = firing[0];
    const known = alerts.alerts.filter((a) => a.state === "ok").length;
    const silent = alerts.alerts.filter((a) => a.state === "unknown").length;
    const maintenance = alerts.silences.some((s) => s.maintenance);
    return (
        <div class={"verdict " + (worst ? worst.severity : "well")} role="status">
            <p class="verdict-words">{worst ? `${firing.length} ${firing.length === 1 ? "alert" : "alerts"}, the worst is ${worst.severity}` : "All is well"}</p>
            <p>{known === 1 ? "1 check is" : `${known} checks are`} fine{silent > 0 && `, ${silent} have nothing to look at`}{maintenance && ". Maintenance: no messages are sent"}</p>
        </div>
    );
}

function show(plot: string): void {
    const element = document.getElementById("plot-" + plot);
    element?.scrollIntoView({ block: "center" });
    element?.focus({ preventScroll: true });
}

function AlertCard({ alert, changed }: { alert: Alert; changed: () => void }) {
    const act = async (path: string, body: object, done: string) => {
        await api("POST", path, { body });
        announce(done);
        changed();
    };
    const compared = `${alert.direction === "above" ? "over" : "under"} ${say(alert.threshold, alert.unit)}`;
    return (
        <li class={"alert " + alert.severity} data-rule={alert.rule}>
            <h3><span class="tag">{alert.severity}</span> {alert.title}{alert.word && `: ${alert.word}`}</h3>
            <p><b>{say(alert.value, alert.unit)}</b>, which is {compared}, {ago(alert.fired_at)}{alert.held && ` (${alert.held})`}</p>
            <p>{alert.advice}</p>
            <p class="acts">
                {alert.plot && <a href={"#plot-" + alert.plot} onClick={(e) => { e.preventDefault(); show(alert.plot); }}>Show its plot</a>}
                {!alert.acknowledged_at && <button type="button" onClick={() => act("/v1/alerts/acknowledge", { rule: alert.rule, word: alert.word }, "Acknowledged")}>I look after it</button>}
                {alert.held !== "silenced" && <button type="button" onClick={() => act("/v1/alerts/silences", { rule: alert.rule, word: alert.word, minutes: 60 }, "Silenced")}>Silence for an hour</button>}
            </p>
        </li>
    );
}

function Figure({ label, value, sub }: { label: string; value: string; sub?: string | undefined }) {
    return <li><span class="soft">{label}</span><b>{value}</b>{sub && <span class="soft">{sub}</span>}</li>;
}

const outcome = (past: History, name: string, ...words: string[]) => words.flatMap((w) => find(past, name, { outcome: w }));

function Figures({ past }: { past: History }) {
    const uploads = sum(past, find(past, "larder_uploads_total"));
    const good = sum(past, outcome(past, "larder_uploads_total", "accepted", "warned", "duplicate"));
    const ready = total(sum(past, outcome(past, "larder_documents_processed_total", "ready")));
    const done = total(sum(past, outcome(past, "larder_documents_processed_total", "ready", "refused", "dead")));
    const waiting = last(find(past, "larder_jobs", { state: "queued" })[0]?.values);
    const running = last(find(past, "larder_jobs", { state: "running" })[0]?.values);
    const value = (name: string, labels = {}) => last(find(past, name, labels)[0]?.values);
    const whole = (v: number | null) => (v === null ? null : Math.round(v)); // averages of a step
    const count = total(uploads);
    return (
        <ul class="figures">
            <Figure label="Taken in" value={say(count, "")} sub={count ? `${say(total(good) / count, "ratio")} without trouble` : "no uploads"} />
            <Figure label="Made ready" value={say(ready, "")} sub={done ? `${say(ready / done, "ratio")} of ${say(done, "")}` : "nothing was read"} />
            <Figure label="Waiting" value={say(whole(waiting), "")} sub={waiting ? `oldest ${say(value("larder_job_oldest_waiting_seconds"), "seconds")}` : running ? `${Math.ceil(running)} being read` : "queue is empty"} />
            <Figure label="Search takes" value={say(value("larder_stage_seconds_p95", { stage: "search" }), "seconds")} sub="95 of 100, last minute with any" />
            <Figure label="Memory" value={say(value("larder_memory_used_ratio"), "ratio")} sub={say(value("process_resident_memory_bytes"), "bytes") + " by the server"} />
            <Figure label="Disk free" value={say(value("larder_disk_free_bytes"), "bytes")} sub={forecast(value("larder_disk_full_seconds"))} />
            <Figure label="WebSockets" value={say(whole(value("larder_websockets")), "")} sub={`round trip ${say(value("larder_websocket_rtt_seconds"), "seconds")}`} />
            <Figure label="Canary" value={canary(value("larder_canary_failures"))} sub={`took ${say(value("larder_canary_seconds"), "seconds")}`} />
        </ul>
    );
}

const forecast = (s: number | null) => (s === null ? "forecast comes after ten minutes" : s > 86400 * 365 ? "does not fill" : `full in ${say(s, "seconds")}`);
const canary = (n: number | null) => (n === null ? "not tried yet" : n === 0 ? "found" : `failed ${Math.ceil(n)} times`);

function Types({ past }: { past: History }) {
    const types = [...new Set([...find(past, "larder_uploads_total"), ...find(past, "larder_documents_processed_total")].map((s) => s.labels.type!))];
    const sums = (name: string, type: string, ...words: string[]) => total(sum(past, words.flatMap((w) => find(past, name, { type, outcome: w }))));
    const rows = types.map((type) => {
        const ready = sums("larder_documents_processed_total", type, "ready");
        const failed = sums("larder_documents_processed_total", type, "refused", "dead");
        return { type, taken: sums("larder_uploads_total", type, "accepted", "warned", "duplicate"),
            refused: sums("larder_uploads_total", type, "rejected", "quarantined", "failed"), ready, failed };
    }).filter((r) => r.taken + r.refused + r.ready + r.failed > 0).sort((a, b) => b.taken + b.refused - a.taken - a.refused);
    return (
        <section id="plot-types" tabIndex={-1}>
            <h2>File types</h2>
            {rows.length === 0 ? <p class="soft">No file came in this time.</p> : (
                <div class="wide"><table class="types">
                    <thead><tr><th scope="col">Type</th><th scope="col">Taken in</th><th scope="col">Refused</th><th scope="col">Ready</th><th scope="col">Failed</th><th scope="col">Success</th></tr></thead>
                    <tbody>{rows.map((r) => {
                        const share = r.ready + r.failed > 0 ? r.ready / (r.ready + r.failed) : null;
                        return (
                            <tr key={r.type}><th scope="row">{r.type}</th><td>{say(r.taken, "")}</td><td>{say(r.refused, "")}</td><td>{say(r.ready, "")}</td><td>{say(r.failed, "")}</td>
                                <td class="share"><meter min={0} max={1} low={0.9} high={0.95} optimum={1} value={share ?? 0} hidden={share === null} /> {say(share, "ratio")}</td></tr>
                        );
                    })}</tbody>
                </table></div>
            )}
        </section>
    );
}

/** The lines of each plot; limits come from the rules that name it. */
function plots(past: History): { id: string; title: string; unit: string; lines: Line[]; top?: number; note?: string; joined?: boolean }[] {
    const stepWords = `in each ${say(past.step, "seconds")}`;
    const line = (label: string, values: (number | null)[], i: number): Line => ({ label, values, colour: COLOURS[i % COLOURS.length]! });
    const perSecond = (series: Series[]) => sum(past, series).map((v) => (v === null ? null : v / past.step));
    const readings = (name: string, label: string, words: string[]) => words.flatMap((w) => find(past, name, { [label]: w }));
    const uploads = "larder_uploads_total", processed = "larder_documents_processed_total";
    const counted = sum(past, outcome(past, processed, "ready", "refused", "dead"));
    const ends = find(past, "larder_reader_ends_total").filter((s) => !["done", "refused", "unsupported", "cancelled", "stopped"].includes(s.labels.end!));
    const each = (series: Series[], label: string) => series.map((s, i) => line(s.labels[label]!.replaceAll("_", " "), s.values, i));
    const mean = (a: string, b: string) => ratio(sum(past, find(past, a)), sum(past, find(past, b)));
    const single = (name: string, label: string, i = 0) => line(label, find(past, name)[0]?.values ?? Array(past.points).fill(null), i);
    return [
        { id: "uploads", title: `Uploads ${stepWords}`, unit: "", lines: [line("taken in", sum(past, outcome(past, uploads, "accepted", "warned", "duplicate")), 0),
            line("refused", sum(past, outcome(past, uploads, "rejected")), 1), line("held", sum(past, outcome(past, uploads, "quarantined")), 2), line("failed", sum(past, outcome(past, uploads, "failed")), 3)] },
        { id: "upload_rate", title: "Uploads without trouble", unit: "ratio", top: 1, joined: true, lines: [line("taken in", ratio(sum(past, outcome(past, uploads, "accepted", "warned", "duplicate")), sum(past, find(past, uploads))), 0)] },
        { id: "active_uploads", title: "Uploads on their way", unit: "", lines: [single("larder_uploads_active", "active")] },
        { id: "processing", title: "Documents read well", unit: "ratio", top: 1, joined: true, lines: [line("ready", ratio(sum(past, outcome(past, processed, "ready")), counted), 0)] },
        { id: "queue", title: "Age of the oldest in the queue", unit: "seconds", lines: [single("larder_job_oldest_waiting_seconds", "oldest")] },
        { id: "depth", title: "Documents waiting and being read", unit: "", lines: each(readings("larder_jobs", "state", ["queued", "running", "dead"]), "state") },
        { id: "throughput", title: `Documents made ready ${stepWords}`, unit: "", lines: [line("ready", sum(past, outcome(past, processed, "ready")), 0)] },
        { id: "latency", title: "Reading one document takes, average", unit: "seconds", joined: true, lines: [line("processing", mean("larder_processing_seconds_sum", "larder_processing_seconds_count"), 0)] },
        { id: "stages", title: "Stages, 95 of 100 take at most", unit: "seconds", lines: each(readings("larder_stage_seconds_p95", "stage", ["receive", "check", "scan", "read", "chunk", "embed", "index"]), "stage") },
        { id: "search", title: "Search, 95 of 100 take at most", unit: "seconds", lines: each(readings("larder_stage_seconds_p95", "stage", ["search"]), "stage") },
        { id: "answers", title: "Answers that failed (5xx)", unit: "ratio", top: 0.1, lines: [line("failed", ratio(sum(past, find(past, "larder_http_responses_total", { status: "5xx" })), sum(past, find(past, "larder_http_responses_total"))), 3)] },
        { id: "requests", title: "Requests a second", unit: "", lines: [line("answers", perSecond(find(past, "larder_http_responses_total")), 0)] },
        { id: "resources", title: "Memory against the limit that binds", unit: "ratio", top: 1, lines: [single("larder_memory_used_ratio", "memory")] },
        { id: "cpu", title: "Processor of the server", unit: "ratio", lines: [line("of one core", perSecond(find(past, "process_cpu_seconds_total")), 0)] },
        { id: "pressure", title: "Time that tasks waited for the machine", unit: "ratio", lines: each(readings("larder_pressure_ratio", "resource", ["cpu", "memory", "io"]), "resource") },
        { id: "websockets", title: "WebSockets open", unit: "", lines: [single("larder_websockets", "open")] },
        { id: "rtt", title: "WebSocket round trip", unit: "seconds", lines: [single("larder_websocket_rtt_seconds", "ping")] },
        { id: "streams", title: `Streams resumed or too slow ${stepWords}`, unit: "", lines: [line("resumed", sum(past, find(past, "larder_streams_resumed_total")), 0), line("too slow", sum(past, find(past, "larder_streams_slow_closed_total")), 3)] },
        { id: "disk", title: "Time until the disk is full", unit: "seconds", lines: [{ ...single("larder_disk_full_seconds", "left"), values: capped(find(past, "larder_disk_full_seconds")[0]?.values, past.points) }],
            note: "Shown up to 30 days; above that nothing is to be feared." },
        { id: "space", title: "Disk free", unit: "bytes", lines: [single("larder_disk_free_bytes", "free")] },
        { id: "storage", title: "Kept by Larder", unit: "bytes", lines: [single("larder_store_blob_bytes", "originals"), single("larder_store_database_bytes", "database", 1)] },
        { id: "commits", title: "A commit takes, average", unit: "seconds", joined: true, lines: [line("commit", mean("larder_store_commit_seconds_total", "larder_store_commits_total"), 0)] },
        { id: "readers", title: `Readers that ended badly ${stepWords}`, unit: "", lines: ends.some((s) => total(s.values) > 0) ? each(ends.filter((s) => total(s.values) > 0), "end") : [line("any", sum(past, ends), 0)] },
        { id: "canary", title: "Canary failures in a row", unit: "", top: 2, lines: [single("larder_canary_failures", "failures")] },
    ];
}

const capped = (values: (number | null)[] | undefined, points: number) =>
    values?.map((v) => (v === null ? null : Math.min(v, 30 * 86400))) ?? Array<number | null>(points).fill(null);

const LEVELS: Record<string, string> = { warning: "--warn", error: "--bad", critical: "--bad" };

function limitsOf(plot: { id: string; unit: string }, rules: Rule[]): Limit[] {
    return rules.filter((r) => r.enabled && r.raise > 0 && r.plot === plot.id && r.unit === plot.unit)
        .map((r) => ({ value: r.raise, label: r.severity, colour: LEVELS[r.severity] ?? "--warn" }));
}

function Dashboard() {
    const at = useCell(here);
    const range = RANGES.find((r) => r[0] === at.query.get("range")) ?? RANGES[0]!;
    const [history, setHistory] = useState<History | null>(null);
    const [alerts, setAlerts] = useState<Alerts | null>(null);
    const [rules, setRules] = useState<Rule[]>([]);
    const [trouble, setTrouble] = useState("");
    const heading = useRef<HTMLHeadingElement>(null);
    const refresh = useRef<() => void>(() => {});
    const asked = useRef("");
    useEffect(() => {
        let timer = 0, over = false;
        const load = async () => {
            clearTimeout(timer);
            try {
                const [past, a, r] = await Promise.all([loadHistory(range[2]), loadAlerts(), loadRules()]);
                if (!over) {
                    setHistory(past);
                    setAlerts(a);
                    setRules(r.rules);
                    setTrouble("");
                }
            } catch (error) {
                if (!over) {
                    setTrouble((error as Error).message);
                }
            }
            if (!over) {
                timer = window.setTimeout(load, range[2] <= 3600 ? FAST_MS : SLOW_MS);
            }
        };
        refresh.current = () => void load();
        const seen = () => { if (!document.hidden) { void load(); } };
        document.addEventListener("visibilitychange", seen);
        void load();
        return () => {
            over = true;
            clearTimeout(timer);
            document.removeEventListener("visibilitychange", seen);
        };
    }, [range[0]]);
    useEffect(() => { // a link from a message: the plot of its rule
        const rule = at.query.get("alert");
        const plot = rules.find((r) => r.name === rule)?.plot;
        if (plot && asked.current !== rule && history) {
            asked.current = rule!;
            show(plot);
            setTimeout(() => show(plot), 500); // once more when all plots have their height
        }
    }, [rules, history, at.visit]);
    useEffect(() => { document.title = "Dashboard – Larder"; }, [at.visit]);
    const firing = alerts?.alerts.filter((a) => a.firing) ?? [];
    const alarmed = new Set(firing.map((a) => a.plot));
    return (
        <div class="dashboard">
            <div class="dashboard-head">
                <h1 ref={heading} tabIndex={-1}>Dashboard</h1>
                <nav class="ranges" aria-label="Time shown">
                    {RANGES.map(([key, words]) => <a key={key} href={"/dashboard?range=" + key} aria-current={key === range[0] ? "true" : undefined}>{words}</a>)}
                </nav>
            </div>
            {trouble && <p class="trouble" role="alert">{trouble} What is shown may be old.</p>}
            {alerts && <Status alerts={alerts} />}
            {firing.length > 0 && <ul class="alerts">{firing.map((a) => <AlertCard key={a.rule + a.word} alert={a} changed={() => refresh.current()} />)}</ul>}
            {history && <Figures past={history} />}
            {history && <Types past={history} />}
            {history && (
                <section class="plots" aria-label="Plots">
                    {plots(history).map((p) => <Plot key={p.id} {...p} from={history.from} step={history.step} limits={limitsOf(p, rules)} alarm={alarmed.has(p.id)} />)}
                </section>
            )}
            {!history && !trouble && <p role="status" class="soft">Measuring</p>}
        </div>
    );
}

(globalThis as any).larderPages.dashboard = Dashboard;
