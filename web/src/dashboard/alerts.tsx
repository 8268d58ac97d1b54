// SPDX-License-Identifier: AGPL-3.0-or-later
// The verdict, the alerts with what to do about them, what is silenced, and what happened lately.
import { announce, api, may, sentence, when } from "larder-app";
import { useState } from "preact/hooks";
import { ago, Alert, Alerts, Change, say } from "./data";
import { plotOf } from "./plots";

const CHANNELS: Record<string, string> = { webhook: "the webhook", alertmanager: "Alertmanager", email: "mail" };
const LATELY = 12;

export function Status({ alerts }: { alerts: Alerts }) {
    const firing = alerts.alerts.filter((a) => a.firing);
    const worst = firing[0]; // they come sorted
    const count = (state: string) => alerts.alerts.filter((a) => a.state === state).length;
    const ok = count("ok"), pending = count("pending"), silent = count("unknown");
    const known = ok + pending + firing.length > 0;
    const words = worst ? `${firing.length} ${firing.length === 1 ? "alert" : "alerts"}, the worst is ${worst.severity}` : known ? "All is well" : "Nothing is known yet";
    const lost = alerts.channels.filter((c) => c.last_error);
    return (
        <div class={"verdict " + (worst ? worst.severity : known ? "well" : "unknown")}>
            <p class="verdict-words" role="status">{words}</p>
            <p>{ok === 1 ? "1 check is" : `${ok} checks are`} fine{pending > 0 && `, ${pending} may become ${pending === 1 ? "an alert" : "alerts"}`}{silent > 0 && `, ${silent} have no data yet`}.
                {alerts.silences.some((s) => s.maintenance) && " Maintenance: no messages are sent."}</p>
            {lost.map((c) => <p key={c.channel} class="lost-channel"><b>Messages by {CHANNELS[c.channel] ?? c.channel} do not arrive.</b> {c.last_error}</p>)}
        </div>
    );
}

/** Measured, threshold, since when. Switches that are on or off need no numbers. */
function Measured({ alert }: { alert: Alert }) {
    const plain = alert.unit === "" && alert.threshold < 1 && alert.direction === "above";
    const flag = alert.unit === "" && alert.threshold === 1 && alert.direction === "below";
    const compared = `${alert.direction === "above" ? "over" : "under"} ${say(alert.threshold, alert.unit)}`;
    return <p>{!flag && <><b>{say(alert.value, alert.unit)}</b>{!plain && ` (an alert ${compared})`}, </>}{ago(alert.fired_at)}{alert.held && `, ${alert.held}`}</p>;
}

export function show(plot: string): void {
    const element = document.getElementById("plot-" + plot);
    element?.scrollIntoView({ block: "center" });
    element?.focus({ preventScroll: true });
}

export function AlertCard({ alert, drawn, changed }: { alert: Alert; drawn: boolean; changed: () => void }) {
    const [problem, setProblem] = useState("");
    const act = async (path: string, body: object, done: string) => {
        try {
            await api("POST", path, { body });
            setProblem("");
            announce(done);
            changed();
        } catch (error) {
            setProblem(sentence(error));
        }
    };
    const name = alert.title + (alert.word && `: ${alert.word}`), id = `alert-${alert.rule}-${alert.word}`, what = { rule: alert.rule, word: alert.word };
    return (
        <li class={"alert " + alert.severity} data-rule={alert.rule} aria-labelledby={id}>
            <h3 id={id}><span class="tag">{alert.severity}</span> {name}</h3>
            <Measured alert={alert} />
            <p>{alert.advice}</p>
            {problem && <p class="field-error" role="alert">{problem}</p>}
            <p class="acts">
                {drawn && <a href={"#plot-" + plotOf(alert)} aria-label={`Show the plot of ${name}`} onClick={(e) => { e.preventDefault(); show(plotOf(alert)); }}>Show its plot</a>}
                {may("manage") && !alert.acknowledged_at && <button type="button" onClick={() => act("/v1/alerts/acknowledge", what, "Acknowledged")}>I look after it</button>}
                {may("manage") && alert.held !== "silenced" && <button type="button" onClick={() => act("/v1/alerts/silences", { ...what, minutes: 60 }, "Silenced")}>Silence for an hour</button>}
            </p>
        </li>
    );
}

export function Silences({ alerts, changed }: { alerts: Alerts; changed: () => void }) {
    const [problem, setProblem] = useState("");
    const end = async (id: number) => {
        setProblem("");
        await api("DELETE", `/v1/alerts/silences/${id}`).then(() => announce("The silence has ended"), (error) => setProblem(sentence(error)));
        changed();
    };
    return alerts.silences.length === 0 ? null : (
        <ul class="silences" aria-label="Silences">
            {alerts.silences.map((s) => (
                <li key={s.id}>{s.maintenance && !s.rule ? "Maintenance: all messages are held back" : `Messages of ${s.rule}${s.word && `, ${s.word},`} are held back`} until {when(s.until)}.
                    {s.comment && ` ${s.comment}`} {may("manage") && <button class="link" onClick={() => void end(s.id)}>End it<span class="hidden"> (silence of {s.rule || "all"})</span></button>}</li>
            ))}
            {problem && <li class="field-error" role="alert">{problem}</li>}
        </ul>
    );
}

const ended = (c: Change) => c.alert.from === "firing";

export function Lately({ changes }: { changes: Change[] }) {
    const shown = changes.filter((c) => c.alert.firing || ended(c)).slice(0, LATELY);
    return shown.length === 0 ? null : (
        <details class="lately">
            <summary>What happened lately</summary>
            <ol>{shown.map((c) => (
                <li key={c.id}><time datetime={c.time} class="soft">{new Date(c.time).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}</time> {c.alert.title}{c.alert.word && `: ${c.alert.word}`},{" "}
                    {c.alert.firing ? <span class={"word " + c.alert.severity}>{c.alert.severity}</span> : c.alert.state === "unknown" ? "no data any more" : "well again"}</li>
            ))}</ol>
        </details>
    );
}
