// SPDX-License-Identifier: AGPL-3.0-or-later
// The dashboard: one look tells whether the system is well. Status, alerts with what to do, figures, file types, plots.
import { useEffect, useRef, useState } from "preact/hooks";
import { go, here, sentence, useCell } from "larder-app";
import { AlertCard, Lately, show, Silences, Status } from "./alerts";
import { Alerts, Change, History, loadAlerts, loadChanges, loadHistory, loadRules, RANGES, Rule } from "./data";
import { Figures, Types } from "./figures";
import { Plot } from "./plot";
import { groups, limitsOf, plotOf } from "./plots";

const FAST_MS = 5000;
const SLOW_MS = 60000;
const SETTLED_MS = 500;

interface State {
    past: History | null;
    alerts: Alerts | null;
    rules: Rule[];
    changes: Change[];
    trouble: string;
}

function Ranges({ range }: { range: string }) {
    return (
        <nav class="ranges" aria-label="Time shown">
            {RANGES.map(([key, words]) => (
                <a key={key} href={"/dashboard?range=" + key} aria-label={words} aria-current={key === range ? "true" : undefined}
                    onClick={(e) => { e.preventDefault(); go("/dashboard?range=" + key, { keepFocus: true }); }}>{words.split(" ")[0]} <span>{words.split(" ")[1]}</span><i>{words.split(" ")[1]![0]}</i></a>
            ))}
        </nav>
    );
}

/** Asks the server again and again while the page is seen. */
function useServer(seconds: number, step: number | undefined): State & { refresh: () => void } {
    const [state, setState] = useState<State>({ past: null, alerts: null, rules: [], changes: [], trouble: "" });
    const refresh = useRef<() => void>(() => {});
    useEffect(() => {
        let timer = 0, over = false, asked = 0;
        const load = async () => {
            const mine = ++asked; // of two questions under way only the later one counts
            const stale = () => over || mine !== asked;
            clearTimeout(timer);
            try {
                const [past, alerts, { rules }, { changes }] = await Promise.all([loadHistory(seconds, step), loadAlerts(), loadRules(), loadChanges()]);
                if (!stale()) {
                    setState({ past, alerts, rules, changes, trouble: "" });
                }
            } catch (error) {
                if (!stale()) {
                    setState((old) => ({ ...old, trouble: sentence(error) }));
                }
            }
            if (!stale()) {
                timer = window.setTimeout(load, document.hidden ? SLOW_MS : seconds <= 3600 ? FAST_MS : SLOW_MS);
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
    }, [seconds]);
    return { ...state, refresh: () => refresh.current() };
}

function Dashboard() {
    const at = useCell(here);
    const range = RANGES.find((r) => r[0] === at.query.get("range")) ?? RANGES[0]!;
    const { past, alerts, rules, changes, trouble, refresh } = useServer(range[2], range[3]);
    const asked = useRef("");
    useEffect(() => { // a link from a message: the plot of its rule
        const name = at.query.get("alert"), rule = rules.find((r) => r.name === name);
        if (rule && asked.current !== name && past) {
            asked.current = name!;
            show(plotOf(rule));
            setTimeout(() => show(plotOf(rule)), SETTLED_MS); // once more when all plots have their height
        }
    }, [rules, past, at.visit]);
    useEffect(() => { document.title = "Dashboard – Larder"; }, [at.visit]);
    const firing = alerts?.alerts.filter((a) => a.firing) ?? [];
    const alarmed = new Set(firing.map(plotOf));
    const parts = past ? groups(past) : [];
    const drawn = new Set(["types", ...parts.flatMap((g) => g.plots.map((p) => p.id))]);
    const words = range[1] === "1 hour" ? "hour" : range[1];
    return (
        <div class="dashboard">
            <div class="dashboard-head">
                <h1 tabIndex={-1}>Dashboard</h1>
                <Ranges range={range[0]} />
            </div>
            {trouble && <p class="trouble" role="alert">{trouble} What is shown may be old.</p>}
            {alerts && <Status alerts={alerts} />}
            {firing.length > 0 && <ul class="alerts" aria-label="Alerts">{firing.map((a) => <AlertCard key={a.rule + a.word} alert={a} drawn={drawn.has(plotOf(a))} changed={refresh} />)}</ul>}
            {alerts && <Silences alerts={alerts} changed={refresh} />}
            {past && <Figures past={past} words={words} />}
            <p><a href="/verify">Readiness: try what this Larder promises</a></p>
            <Lately changes={changes} />
            {past && <Types past={past} words={words} />}
            {parts.map((g) => (
                <section key={g.title} aria-label={g.title}>
                    <h2>{g.title}</h2>
                    <div class="plots">
                        {g.plots.map((p) => <Plot key={p.id} {...p} from={past!.from} step={past!.step} points={past!.points} limits={limitsOf(p, rules, firing)} alarm={alarmed.has(p.id)} />)}
                    </div>
                </section>
            ))}
            {!past && !trouble && <p role="status" class="soft">Measuring</p>}
        </div>
    );
}

(globalThis as any).larderPages.dashboard = Dashboard;
