// SPDX-License-Identifier: AGPL-3.0-or-later
// The figures in one row, and the table of file types.
import { find, History, last, ratio, say, sum, total } from "./data";
import { outcome } from "./plots";

const UPLOADS = "larder_uploads_total", PROCESSED = "larder_documents_processed_total";
const TAKEN = ["accepted", "warned", "duplicate"], ENDED = ["ready", "refused", "dead"];

function Figure({ label, value, sub }: { label: string; value: string; sub: string }) {
    return <li><span class="soft">{label}</span><b>{value}</b><span class="soft">{sub}</span></li>;
}

const forecast = (s: number | null) => (s === null ? "forecast comes in 10 min" : s > 86400 * 365 ? "does not fill up" : `full in ${say(s, "seconds")}`);
const canary = (n: number | null) => (n === null ? "not yet" : n === 0 ? "passed" : "failed");
const whole = (v: number | null) => (v === null ? null : Math.round(v)); // readings are averages of a step

export function Figures({ past, words }: { past: History; words: string }) {
    const value = (name: string, labels = {}) => last(find(past, name, labels)[0]?.values);
    const uploads = total(sum(past, find(past, UPLOADS))), good = total(sum(past, outcome(past, UPLOADS, ...TAKEN)));
    const ready = total(sum(past, outcome(past, PROCESSED, "ready"))), done = total(sum(past, outcome(past, PROCESSED, ...ENDED)));
    const waiting = whole(value("larder_jobs", { state: "queued" })), running = Math.ceil(value("larder_jobs", { state: "running" }) ?? 0);
    const takes = last(ratio(sum(past, find(past, "larder_processing_seconds_sum")), sum(past, find(past, "larder_processing_seconds_count"))));
    const busy = last(sum(past, find(past, "process_cpu_seconds_total")).slice(0, -1));
    const failures = value("larder_canary_failures");
    return (
        <ul class="figures" aria-label={`Figures of the last ${words}, and of now`}>
            <Figure label="Uploads" value={say(uploads, "")} sub={uploads ? `${say(good / uploads, "ratio")} taken in` : "none came"} />
            <Figure label="Made ready" value={say(ready, "")} sub={done ? `${say(ready / done, "ratio")} of those read` : "nothing was read"} />
            <Figure label="Waiting" value={say(waiting, "")} sub={waiting ? `oldest ${say(value("larder_job_oldest_waiting_seconds"), "seconds")}` : running ? `${running} being read` : "queue is empty"} />
            <Figure label="Reading takes" value={say(takes, "seconds")} sub="a document, average" />
            <Figure label="Search takes" value={say(value("larder_stage_seconds_p95", { stage: "search" }), "seconds")} sub="95 % take less" />
            <Figure label="Memory" value={say(value("larder_memory_used_ratio"), "ratio")} sub={`server ${say(value("process_resident_memory_bytes"), "bytes")}`} />
            <Figure label="Processor" value={say(busy === null ? null : busy / past.step, "ratio")} sub="of one core, server" />
            <Figure label="Disk free" value={say(value("larder_disk_free_bytes"), "bytes")} sub={forecast(value("larder_disk_full_seconds"))} />
            <Figure label="WebSockets" value={say(whole(value("larder_websockets")), "")} sub={`round trip ${say(value("larder_websocket_rtt_seconds"), "seconds")}`} />
            <Figure label="Self-test" value={canary(failures)} sub={failures ? `${Math.ceil(failures)} in a row` : `in ${say(value("larder_canary_seconds"), "seconds")}`} />
        </ul>
    );
}

function Share({ part, of }: { part: number; of: number }) {
    return <td class="share">{of > 0 && <meter min={0} max={1} low={0.9} high={0.95} optimum={1} value={part / of} aria-hidden="true" />} <span>{say(of > 0 ? part / of : null, "ratio")}</span></td>;
}

export function Types({ past, words }: { past: History; words: string }) {
    const types = [...new Set([...find(past, UPLOADS), ...find(past, PROCESSED)].map((s) => s.labels.type!))];
    const sums = (name: string, type: string, ...which: string[]) => total(sum(past, which.flatMap((w) => find(past, name, { type, outcome: w }))));
    const rows = types.map((type) => {
        const taken = sums(UPLOADS, type, ...TAKEN), held = sums(UPLOADS, type, "quarantined"), refused = sums(UPLOADS, type, "rejected", "failed");
        return { type, taken, held, refused, came: taken + held + refused, ready: sums(PROCESSED, type, "ready"), read: sums(PROCESSED, type, ...ENDED) };
    }).filter((r) => r.came + r.read > 0).sort((a, b) => b.came - a.came);
    return (
        <section id="plot-types" tabIndex={-1} aria-labelledby="types-title">
            <h2 id="types-title">File types, last {words}</h2>
            {rows.length === 0 ? <p class="soft">No file came in this time.</p> : (
                <div class="wide"><table class="types">
                    <thead><tr><th scope="col">Type</th><th scope="col">Uploads</th><th scope="col">Taken in</th><th scope="col" class="roomy">Held</th><th scope="col" class="roomy">Refused</th>
                        <th scope="col" class="roomy">Read</th><th scope="col">Read well</th></tr></thead>
                    <tbody>{rows.map((r) => (
                        <tr key={r.type}><th scope="row">{r.type}</th><td>{say(r.came, "")}</td><Share part={r.taken} of={r.came} /><td class="roomy">{say(r.held, "")}</td><td class="roomy">{say(r.refused, "")}</td>
                            <td class="roomy">{say(r.read, "")}</td><Share part={r.ready} of={r.read} /></tr>
                    ))}</tbody>
                </table></div>
            )}
        </section>
    );
}
