// SPDX-License-Identifier: AGPL-3.0-or-later
// Readiness: begin a run that proves this server, see each check come in, read the report. What failed stands first, with what
// to do next.
import { useEffect, useRef, useState } from "preact/hooks";
import { announce, api, here, may, sentence, session, useCell, when } from "larder-app";

interface Check {
    id: string;
    category: string;
    proves: string;
    status: "waiting" | "running" | "pass" | "fail" | "skipped";
    value: number | null;
    unit: string | null;
    limit: number | null;
    took_ms: number;
    text: string;
    advice: string | null;
}
interface Report {
    result: "running" | "pass" | "fail" | "cancelled" | "not_run";
    version: string;
    started_at: string;
    took_ms: number;
    error: string | null;
    passed: number;
    failed: number;
    skipped: number;
    checks: Check[];
}
interface Run {
    id: string | null;
    report: Report | null;
}

const LIVE_MS = 500;
const IDLE_MS = 10000;
const WORDS = { waiting: "waits", running: "running", pass: "passed", fail: "failed", skipped: "skipped" };
const counted = (n: number, one: string) => `${n} ${one}${n === 1 ? "" : "s"}`;
const figure = (value: number, unit: string) => `${value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : Math.round(value)} ${unit}`;

function Verdict({ report }: { report: Report }) {
    const done = report.passed + report.failed + report.skipped, all = report.checks.length;
    const running = report.result === "running";
    const words = running ? `Trying: ${done} of ${all}` : report.result === "pass" ? "This Larder is ready" :
        report.result === "fail" ? `Not ready: ${counted(report.failed, "check")} failed` : report.result === "cancelled" ? "Stopped before the end" : "It could not be tried";
    const look = running ? "running" : report.result === "pass" ? "well" : report.result === "cancelled" ? "warning" : "error";
    return (
        <div class={"verdict " + look} role="status">
            <p class="verdict-words">{words}</p>
            {running && <progress max={all} value={done} aria-label="Checks that are done" />}
            {report.error && <p>{report.error}</p>}
            <p>{report.passed} passed, {report.failed} failed, {report.skipped} skipped; {running ? "" : `${(report.took_ms / 1000).toFixed(0)} s, `}begun {when(report.started_at)}{report.version && `, version ${report.version}`}</p>
        </div>
    );
}

function Row({ check }: { check: Check }) {
    return (
        <li class={"check " + check.status} data-check={check.id}>
            <span class="check-mark">{WORDS[check.status]}</span>
            <div>
                <b>{check.proves}</b>
                {check.text && <span class="soft">{check.status === "skipped" ? "Skipped, because " : ""}{check.text}</span>}
            </div>
            <span class="check-figure">{check.value !== null && check.unit && <>{figure(check.value, check.unit)}{check.limit !== null && <span class="soft"> of {check.limit} {check.unit}</span>}</>}</span>
        </li>
    );
}

function Failed({ check }: { check: Check }) {
    return (
        <li>
            <h3>{check.proves} <code>{check.id}</code></h3>
            <p>{check.text}</p>
            <p><b>Do next:</b> {check.advice}</p>
        </li>
    );
}

function Sections({ checks }: { checks: Check[] }) {
    const categories = [...new Set(checks.map((c) => c.category))];
    return (
        <>
            {categories.map((category) => {
                const rows = checks.filter((c) => c.category === category);
                const passed = rows.filter((c) => c.status === "pass").length;
                return (
                    <section key={category} class="check-part">
                        <h2>{category} <span class="soft">{passed} of {rows.length}</span></h2>
                        <ul class="checks">{rows.map((c) => <Row key={c.id} check={c} />)}</ul>
                    </section>
                );
            })}
        </>
    );
}

function Readiness() {
    const at = useCell(here);
    const [run, setRun] = useState<Run | null>(null);
    useCell(session);
    const mayStart = may("admin");
    const [trouble, setTrouble] = useState("");
    const refresh = useRef<() => void>(() => {});
    const before = useRef("");
    useEffect(() => {
        let timer = 0, over = false, asked = 0;
        const load = async () => {
            const mine = ++asked; // of two questions under way only the later one counts
            const stale = () => over || mine !== asked;
            clearTimeout(timer);
            let live = false;
            try {
                const got = await api<Run>("GET", "/v1/verify");
                live = got.report?.result === "running";
                if (!stale()) {
                    setRun(got);
                    setTrouble("");
                }
            } catch (error) {
                if (!stale()) {
                    setTrouble(sentence(error));
                }
            }
            if (!stale()) {
                timer = window.setTimeout(load, live ? LIVE_MS : IDLE_MS);
            }
        };
        refresh.current = () => void load();
        void load();
        return () => {
            over = true;
            clearTimeout(timer);
        };
    }, []);
    useEffect(() => { document.title = "Readiness – Larder"; }, [at.visit]);
    const report = run?.report ?? null;
    const running = report?.result === "running";
    useEffect(() => { // screen readers hear the end, not each of the checks
        if (before.current === "running" && report && !running) {
            announce(report.result === "pass" ? "This Larder is ready" : `The run has ended; ${counted(report.failed, "check")} failed`);
        }
        before.current = report?.result ?? "";
    }, [report?.result]);
    const act = async (path: string) => {
        try {
            setRun(await api<Run>("POST", path));
            setTrouble("");
        } catch (error) {
            setTrouble(sentence(error));
        }
        refresh.current();
    };
    const failed = report?.checks.filter((c) => c.status === "fail") ?? [];
    return (
        <div class="readiness">
            <h1 tabIndex={-1}>Readiness</h1>
            <p>Tries what Larder promises on this server as it is: every file type, wrong files, events, answers, alerts, limits, times, a short load. It takes
                about a minute, works beside other work, and removes all that it made. A test message goes to those who get alerts.</p>
            {trouble && <p class="trouble" role="alert">{trouble}</p>}
            <p class="buttons">
                {mayStart && !running && <button class="primary" onClick={() => void act("/v1/verify")}>{report ? "Try again" : "Try this server"}</button>}
                {mayStart && running && <button onClick={() => void act(`/v1/verify/${run!.id}/cancel`)}>Stop</button>}
                {report && !running && <a class="button" href={`/v1/verify/${run!.id}/junit`} download>Report as JUnit XML</a>}
            </p>
            {!mayStart && !running && !report && run && <p class="soft">Nobody has tried this server since its start. Somebody with the role admin can.</p>}
            {report && <Verdict report={report} />}
            {failed.length > 0 && <ul class="broken">{failed.map((c) => <Failed key={c.id} check={c} />)}</ul>}
            {report && <Sections checks={report.checks} />}
            {!run && !trouble && <p role="status" class="soft">Looking</p>}
        </div>
    );
}

(globalThis as any).larderPages.verify = Readiness;
