// SPDX-License-Identifier: AGPL-3.0-or-later
// The trace of a run: what was done, with what, and how long it took.
import { useEffect, useState } from "preact/hooks";
import { api, sentence } from "../api/client";
import { when } from "../base/words";
import { Failed } from "./bits";

interface Step {
    kind: string;
    at_ms: number;
    took_ms: number;
    attributes: Record<string, unknown>;
}

interface Run {
    run_id: string;
    conversation_id: string;
    question: string;
    status: string;
    error?: string;
    created_at: string;
    took_ms: number;
    summary: { mode?: string; usage?: Record<string, number>; notice?: string };
    steps: Step[];
}

const KINDS: Record<string, string> = {
    retrieve: "Search", decide: "Decision to answer", chat: "Request to the language model", execute_tool: "Tool call", check: "Check of the sentences",
};

function value(raw: unknown): string {
    if (typeof raw !== "string") {
        return typeof raw === "number" ? String(Math.round(raw * 1000) / 1000) : JSON.stringify(raw);
    }
    try {
        return JSON.stringify(JSON.parse(raw), null, 2);
    } catch {
        return raw;
    }
}

function StepView({ step }: { step: Step }) {
    const name = step.attributes["gen_ai.tool.name"];
    const failed = step.attributes["error.type"];
    return (
        <li class="trace-step">
            <h2>{KINDS[step.kind] ?? step.kind}{typeof name === "string" && `: ${name}`}</h2>
            <p class={"folio" + (failed ? " lost" : "")}>after {step.at_ms.toFixed(0)} ms, took {step.took_ms.toFixed(step.took_ms < 10 ? 1 : 0)} ms{failed ? `, ${String(failed)}` : ""}</p>
            <dl>
                {Object.entries(step.attributes).map(([key, raw]) => {
                    const text = value(raw);
                    return <div key={key}><dt>{key}</dt><dd>{text.length > 90 || text.includes("\n") ? <details><summary>{text.length} letters</summary><pre>{text}</pre></details> : text}</dd></div>;
                })}
            </dl>
        </li>
    );
}

export function RunView({ id }: { id: string }) {
    const [run, setRun] = useState<Run | null>(null);
    const [error, setError] = useState("");
    const [again, setAgain] = useState(0);
    useEffect(() => {
        const abort = new AbortController();
        setError("");
        setRun(null);
        api<Run>("GET", `/v1/runs/${encodeURIComponent(id)}`, { signal: abort.signal }).then((found) => !abort.signal.aborted && setRun(found),
            (problem) => !abort.signal.aborted && setError(sentence(problem)));
        return () => abort.abort();
    }, [id, again]);
    const usage = run?.summary.usage;
    return (
        <section class="sheet">
            <header class="sheet-head"><h1 tabIndex={-1}>How this came about</h1>{run && <p class="folio">{when(run.created_at)}</p>}</header>
            {error && <Failed text={error} again={() => setAgain(again + 1)} />}
            {run && (
                <>
                    <p class="question"><a href={`/ask/${run.conversation_id}`}>{run.question}</a></p>
                    <p class="folio">{run.status}, {run.summary.mode === "model" ? "with a language model" : "in the documents' own words"}, {run.took_ms} ms
                        {usage && usage.requests! > 0 && `, ${usage.requests} requests, ${usage.tool_calls} tool calls, ${usage.input_tokens! + usage.output_tokens!} tokens`}</p>
                    {(run.error || run.summary.notice) && <p class="note">{run.error || run.summary.notice}</p>}
                    <ol class="trace">{run.steps.map((s, i) => <StepView key={i} step={s} />)}</ol>
                </>
            )}
        </section>
    );
}
