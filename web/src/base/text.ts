// SPDX-License-Identifier: AGPL-3.0-or-later
// Reads the two small markup languages that the server sends, into plain data. Nothing here makes HTML: views turn the
// result into text nodes, so that no document can put an element on the page.

export interface Span {
    text: string;
    marked: boolean;
}

const NAMED: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", "#x27": "'", apos: "'" };
const MARK = /<(\/?)mark>/g;

function unescapeHtml(text: string): string {
    return text.replace(/&(amp|lt|gt|quot|#39|#x27|apos);/g, (_, name: string) => NAMED[name]!);
}

/** A snippet: escaped text in which only <mark> and </mark> are tags. Anything else stays text. */
export function parseSnippet(snippet: string): Span[] {
    const spans: Span[] = [];
    let marked = false;
    let at = 0;
    const add = (end: number) => {
        const text = unescapeHtml(snippet.slice(at, end));
        if (text) {
            spans.push({ text, marked });
        }
    };
    for (const tag of snippet.matchAll(MARK)) {
        add(tag.index);
        marked = tag[1] === "";
        at = tag.index + tag[0].length;
    }
    add(snippet.length);
    return spans;
}

export interface MarkdownTable {
    head: string[];
    rows: string[][];
}

function parseRow(line: string): string[] {
    let inner = line.trim();
    inner = inner.startsWith("|") ? inner.slice(1) : inner;
    const cells: string[] = [];
    let cell = "";
    for (let i = 0; i < inner.length; i++) {
        const c = inner[i];
        if (c === "\\" && (inner[i + 1] === "|" || inner[i + 1] === "\\")) {
            cell += inner[++i];
        } else if (c === "|") {
            cells.push(cell);
            cell = "";
        } else {
            cell += c;
        }
    }
    if (cell.trim() !== "" || !inner.endsWith("|")) {
        cells.push(cell);
    }
    return cells.map((text) => text.replace(/<br\s*\/?>/gi, "\n").trim());
}

/** A table in pipes: head, rule, rows. null if the text is none. */
export function parseTable(markdown: string): MarkdownTable | null {
    const lines = markdown.split("\n").filter((line) => line.trim() !== "");
    const rule = lines[1];
    if (!lines[0]?.includes("|") || !rule || !/^[\s|:-]+$/.test(rule) || !rule.includes("-")) {
        return null;
    }
    return { head: parseRow(lines[0]), rows: lines.slice(2).map(parseRow) };
}

/** The marker of a list item as written ("3.", "•" for any bullet) and its text without it. */
export function parseListItem(markdown: string, text: string): { marker: string; text: string } {
    const found = /^\s*(?:[-*+•]|(\d{1,6}[.)]|[a-z][.)]))\s+/i.exec(markdown);
    return { marker: found?.[1] ?? "•", text: text || markdown.slice(found?.[0].length ?? 0) };
}

/** Code without its fence. */
export function parseCode(markdown: string, text: string): string {
    const found = /^\s*(```|~~~)[^\n]*\n([\s\S]*?)\n?\1\s*$/.exec(markdown);
    return found?.[2] ?? (text || markdown);
}
