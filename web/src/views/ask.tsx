// SPDX-License-Identifier: AGPL-3.0-or-later
// A conversation with the assistant: questions, answers whose sentences carry their sources, and what to ask next.
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, type Answer, type Citation, type Message } from "../api/ask";
import { api, sentence } from "../api/client";
import { announce } from "../base/cell";
import { go } from "../base/router";
import { capital, when } from "../base/words";
import { Badge, Failed, Icon } from "./bits";

interface Conversation {
    id: string;
    title: string;
    updated_at: string;
}

const STEP_WORDS: Record<string, string> = {
    retrieve: "Looking through the documents", chat: "Thinking", execute_tool: "Looking through the documents",
    check: "Checking every sentence", decide: "Weighing what was found",
};

function Chip({ c }: { c: Citation }) {
    return <a class="cite" href={c.link} title={c.quote.slice(0, 300)} aria-label={`Source ${c.number}: ${c.document_name}, ${c.place_words}`}>{c.number}</a>;
}

/** A sentence; its last word stays with the sources behind it. */
function Sentence({ s, text, sources }: { s: Answer["sentences"][number]; text: string; sources: Map<number, Citation> }) {
    const cut = text.lastIndexOf(" ") + 1;
    const chips = s.citations.filter((number) => sources.has(number)).map((number) => <Chip key={number} c={sources.get(number)!} />);
    return (
        <span class={s.supported ? undefined : "unsupported"}>
            {text.slice(0, cut)}<span class={chips.length === 1 && text.length - cut < 20 ? "kept" : undefined}>{text.slice(cut)}{chips}</span>
            {!s.supported && <em class="flag">not supported by the documents</em>}
        </span>
    );
}

/** A paragraph, or a step with its number or point in front. */
function Line({ line, sources }: { line: Answer["sentences"]; sources: Map<number, Citation> }) {
    const head = /^(\d{1,2}[.)]|-) /.exec(line[0]!.text);
    const body = line.map((s, n) => [n > 0 && " ", <Sentence key={n} s={s} text={n === 0 && head ? s.text.slice(head[0].length) : s.text} sources={sources} />]);
    return head ? <p class="step"><span>{head[1] === "-" ? "•" : head[1]} </span><span>{body}</span></p> :
        <p class={/^(warning|caution|danger)\b/i.test(line[0]!.text) ? "warns" : undefined}>{body}</p>;
}

function Text({ answer }: { answer: Answer }) {
    const sources = new Map(answer.citations.map((c) => [c.number, c]));
    const lines: Answer["sentences"][] = [];
    for (const s of answer.sentences) {
        if (lines.length === 0 || s.breaks) {
            lines.push([]);
        }
        lines[lines.length - 1]!.push(s);
    }
    return (
        <div class="answer-text">
            {lines.map((line, i) => (
                <Line key={i} line={line} sources={sources} />
            ))}
        </div>
    );
}

function shortened(quote: string): string {
    return quote.length > 220 ? quote.slice(0, 220) + " …" : quote;
}

function Source({ c }: { c: Citation }) {
    const [lost, setLost] = useState(false);
    return (
        <li class="source">
            {c.picture && !lost ? <a href={c.link} tabIndex={-1} aria-hidden="true"><img src={c.picture + (c.picture.includes("/pages/") ? "?width=200" : "")} alt="" loading="lazy" onError={() => setLost(true)} /></a> : <Badge type={c.type} />}
            <div>
                <p><span class="cite-number">{c.number}</span> <a href={c.link}>{c.document_name}</a>{c.place_words && <span class="place">{capital(c.place_words)}</span>}</p>
                <blockquote>{shortened(c.quote.includes(" | ") ? c.quote.replace(/[ |]*\|[ |]*/g, " · ") : c.quote)}</blockquote>
            </div>
        </li>
    );
}

function AnswerView({ answer }: { answer: Answer }) {
    return (
        <div class={"answer" + (answer.refused ? " refused" : "")}>
            <Text answer={answer} />
            {answer.notice && <p class="note">{answer.notice}</p>}
            {answer.citations.length > 0 && (
                <details class="sources" open={answer.citations.length <= 3}>
                    <summary>{answer.citations.length === 1 ? "1 source" : `${answer.citations.length} sources`}</summary>
                    <ol>{answer.citations.map((c) => <Source key={c.number} c={c} />)}</ol>
                </details>
            )}
            <p class="folio">{answer.mode === "model" ? "Written by a language model, checked against its sources. " : answer.refused ? "" : "In the documents' own words. "}<a href={`/runs/${answer.run_id}`}>How this came about</a></p>
        </div>
    );
}

function Earlier() {
    const [list, setList] = useState<Conversation[]>([]);
    useEffect(() => {
        api<{ conversations: Conversation[] }>("GET", "/v1/conversations?limit=10").then((r) => setList(r.conversations), () => undefined);
    }, []);
    return list.length === 0 ? null : (
        <section class="earlier">
            <h2>Earlier</h2>
            <ul>{list.map((c) => <li key={c.id}><a href={`/ask/${c.id}`}>{c.title}</a> <span class="soft">{when(c.updated_at)}</span></li>)}</ul>
        </section>
    );
}

export function AskView({ id, visit }: { id: string; visit: number }) {
    const [messages, setMessages] = useState<Message[]>([]);
    const [asked, setAsked] = useState("");
    const [soFar, setSoFar] = useState("");
    const [step, setStep] = useState("");
    const [error, setError] = useState("");
    const [unread, setUnread] = useState(""); // why the conversation could not be loaded
    const [text, setText] = useState("");
    const loaded = useRef(""); // the conversation that is shown
    const stop = useRef<AbortController | null>(null);
    const end = useRef<HTMLDivElement>(null);
    const load = () => {
        setUnread("");
        if (id) { // what was asked and answered meanwhile stays behind it
            api<{ messages: Message[] }>("GET", `/v1/conversations/${encodeURIComponent(id)}`).then(
                (c) => loaded.current === id && setMessages((old) => [...c.messages, ...old.filter((m) => c.messages.every((o) => o.run_id !== m.run_id))]),
                (problem) => loaded.current === id && setUnread(sentence(problem)));
        }
    };
    useEffect(() => {
        if (loaded.current === id) {
            return;
        }
        stop.current?.abort();
        stop.current = null;
        loaded.current = id;
        setMessages([]);
        setAsked("");
        setError("");
        load();
    }, [id, visit]);
    useEffect(() => () => stop.current?.abort(), []);
    useEffect(() => {
        if (asked) {
            end.current?.scrollIntoView({ block: "end" });
        }
    }, [asked, soFar]);
    const send = async (question: string) => {
        if (!question || asked) {
            return;
        }
        const abort = new AbortController();
        stop.current = abort;
        setAsked(question);
        setSoFar("");
        setStep("");
        setError("");
        setText("");
        try {
            const answer = await ask(question, id, { delta: (t) => setSoFar((old) => old + t), discard: () => setSoFar(""), step: setStep }, abort.signal);
            if (stop.current !== abort) {
                return; // the page shows another conversation by now
            }
            setMessages((old) => [...old, { role: "user", text: question, run_id: answer.run_id },
                { role: "assistant", text: answer.answer, run_id: answer.run_id, answer }]);
            announce(answer.refused ? "There is no answer in the documents." : "The answer is there.");
            if (!id) {
                loaded.current = answer.conversation_id;
                go(`/ask/${answer.conversation_id}`, { replace: true, keepFocus: true });
            }
        } catch (problem) {
            if (stop.current !== abort) {
                return;
            }
            setText((typed) => typed || question);
            if (!abort.signal.aborted) {
                setError(sentence(problem));
            }
        }
        setAsked("");
    };
    const empty = messages.length === 0 && !asked;
    return (
        <section class="sheet ask">
            <header class="sheet-head"><h1 tabIndex={-1}>Ask</h1>{id && <a href="/ask">New conversation</a>}</header>
            {empty && !id && <p class="ask-intro">Ask about a machine, a recipe, a temperature, a shift. Every sentence of an answer names the page, cells or second it comes from.</p>}
            <ol class="turns" aria-label="Conversation">
                {messages.map((m, i) => (
                    <li key={i} class={m.role}>
                        {m.role === "user" ? <p class="question">{m.text}</p> : m.answer?.sentences ? <AnswerView answer={m.answer} /> : <p class="answer refused">{m.text || "There was no answer."}</p>}
                    </li>
                ))}
                {asked && <li class="user"><p class="question">{asked}</p></li>}
                {asked && <li class="assistant" aria-busy="true"><div class="answer">{soFar && <div class="answer-text so-far">{soFar.split("\n").map((line, i) => <p key={i}>{line}</p>)}</div>}<p class="folio working">{STEP_WORDS[step] ?? "Looking through the documents"} …</p></div></li>}
            </ol>
            <div ref={end} />
            {unread && <Failed text={unread} again={load} />}
            {error && <Failed text={error} again={() => void send(text)} />}
            <form class="ask-box" onSubmit={(e) => { e.preventDefault(); void send(text.trim()); }}>
                <textarea rows={2} value={text} maxLength={4000} aria-label="Your question" placeholder={empty ? "How do I filter the fryer oil?" : "Ask further"}
                    onInput={(e) => setText(e.currentTarget.value)}
                    onKeyDown={(e) => {
                        if (e.key === "Enter" && !e.shiftKey && !e.isComposing) {
                            e.preventDefault();
                            void send(text.trim());
                        }
                    }} />
                {/* two elements, not one that changes: else the click on Stop would end as one on Ask */}
                {asked ? <button key="stop" type="button" onClick={() => stop.current?.abort()}><Icon name="stop" /> Stop</button> : <button key="ask" class="primary">Ask</button>}
            </form>
            {empty && !id && <Earlier />}
        </section>
    );
}
