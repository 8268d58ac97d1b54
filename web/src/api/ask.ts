// SPDX-License-Identifier: AGPL-3.0-or-later
// Asking the assistant: one question, answered as a stream of events.
import { problemFrom, needsKey, Problem, writeHeaders } from "./client";

export interface Citation {
    number: number;
    document_id: string;
    document_name: string;
    type?: string;
    place_words?: string;
    heading?: string;
    quote: string;
    link: string;
    picture?: string;
    play?: string;
}

export interface Answer {
    answer: string;
    refused: boolean;
    citations: Citation[];
    sentences: { text: string; citations: number[]; supported: boolean; breaks: boolean }[];
    run_id: string;
    conversation_id: string;
    mode: string;
    notice?: string;
    took_ms?: number;
}

export interface Message {
    role: "user" | "assistant";
    text: string;
    run_id: string;
    status?: string;
    answer?: Answer;
}

export interface Watch {
    delta: (text: string) => void;
    discard: () => void;
    step: (kind: string) => void;
}

const BROKE_OFF = "The answer broke off. Ask again.";

/** Asks and follows the stream to its end; the whole answer. */
export async function ask(question: string, conversation: string, watch: Watch, signal: AbortSignal): Promise<Answer> {
    const body = JSON.stringify({ question, stream: true, ...(conversation ? { conversation_id: conversation } : {}) });
    let response: Response;
    try {
        response = await fetch("/v1/ask", { method: "POST", body, signal, credentials: "same-origin",
            headers: { ...writeHeaders, "Content-Type": "application/json", Accept: "text/event-stream" } });
    } catch (error) {
        throw signal.aborted ? error : new Problem(0, "Larder cannot be reached. Check the network.");
    }
    if (!response.ok || !response.body) {
        needsKey.set(needsKey.value || response.status === 401);
        throw problemFrom(response.status, await response.text(), response.headers.get("Retry-After"));
    }
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    let rest = "";
    for (;;) {
        const { done, value } = await reader.read().catch((error: unknown) => {
            throw signal.aborted ? error : new Problem(0, BROKE_OFF);
        });
        rest += decoder.decode(value, { stream: !done });
        const events = rest.split("\n\n");
        rest = events.pop()!;
        for (const event of events) {
            const kind = /^event: (.*)$/m.exec(event)?.[1];
            const data = JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? "null");
            if (kind === "answer") {
                return data as Answer;
            }
            if (kind === "error") {
                throw new Problem(Number(data.status) || 500, String(data.detail || data.title));
            }
            if (kind === "delta") {
                watch.delta(String(data.text));
            } else if (kind === "discard") {
                watch.discard();
            } else if (kind === "step") {
                watch.step(String(data.kind));
            }
        }
        if (done) {
            throw new Problem(0, BROKE_OFF);
        }
    }
}
