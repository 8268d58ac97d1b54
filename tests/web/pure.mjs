// SPDX-License-Identifier: AGPL-3.0-or-later
// The parts of the web app that need no browser: places, snippets, tables, words. Bundled by esbuild, run by Node.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { equal, ok } from "./harness.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const same = (got, wanted, what) => equal(JSON.stringify(got), JSON.stringify(wanted), what);

async function load(name) {
    const code = execFileSync(root + "third_party/@esbuild/linux-x64/bin/esbuild",
        [`${root}web/src/base/${name}.ts`, "--bundle", "--format=esm", "--log-level=warning"]);
    return import("data:text/javascript;base64," + code.toString("base64"));
}

const CASES = {
    async "snippet marks only what mark tags mark"() {
        const { parseSnippet } = await load("text");
        same(parseSnippet("a <mark>b</mark> &lt;mark&gt; &amp;lt; <b>x</b>"),
            [{ text: "a ", marked: false }, { text: "b", marked: true }, { text: " <mark> &lt; <b>x</b>", marked: false }], "spans");
        same(parseSnippet("<mark>open"), [{ text: "open", marked: true }], "an open mark ends with the text");
        same(parseSnippet(""), [], "nothing");
        same(parseSnippet("&#39;&quot;&unknown;"), [{ text: "'\"&unknown;", marked: false }], "references");
    },
    async "tables keep escaped pipes, empty cells and line breaks"() {
        const { parseTable } = await load("text");
        same(parseTable("| a | b |\n|---|:-:|\n| x \\| y | |\n| 1<br>2 | z |"),
            { head: ["a", "b"], rows: [["x | y", ""], ["1\n2", "z"]] }, "table");
        equal(parseTable("a | b"), null, "no rule, no table");
        equal(parseTable(""), null, "nothing");
        same(parseTable("| a |\n| - |"), { head: ["a"], rows: [] }, "head only");
    },
    async "list markers and code fences are taken off"() {
        const { parseListItem, parseCode } = await load("text");
        same(parseListItem("  3. Filter", "Filter"), { marker: "3.", text: "Filter" }, "number");
        same(parseListItem("- Salt", "Salt"), { marker: "•", text: "Salt" }, "bullet");
        equal(parseCode("```sh\na\nb\n```", "x"), "a\nb", "fence");
        equal(parseCode("plain", "plain"), "plain", "no fence");
    },
    async "places are told in words"() {
        const { placeWords } = await load("place");
        for (const [place, words] of [[{ page: 12, box: [0, 0, 1, 1] }, "page 12"], [{ slide: 4, part: "notes" }, "slide 4, notes"],
            [{ sheet: "Menu", range: "A2:C9" }, "sheet Menu, A2:C9"], [{ rows: [10, 20] }, "rows 10–20"], [{ rows: [3, 3] }, "row 3"],
            [{ lines: [1, 9] }, "lines 1–9"], [{ part: "footnotes" }, "footnotes"], [{ part: "document", section: "4 Cold" }, "section “4 Cold”"],
            [{ time: [221, 230] }, "3:41"], [{ time: [3600, 3601] }, "1:00:00"], [{ part: "document" }, ""], [null, ""]]) {
            equal(placeWords(place), words, JSON.stringify(place));
        }
    },
    async "a table's box surrounds its row's, and nothing else's"() {
        const { surrounds } = await load("place");
        const row = { page: 3, box: [0.1, 0.4, 0.9, 0.45] };
        for (const [place, is] of [[{ page: 3, box: [0.1, 0.2, 0.9, 0.8] }, true], [{ page: 4, box: [0.1, 0.2, 0.9, 0.8] }, false], [row, false],
            [{ page: 3, box: [0.1, 0.2, 0.9, 0.42] }, false], [{ page: 3 }, false], [{ lines: [1, 9] }, false], [{ page: 3, box: [0.2, 0.2, 0.8, 0.8] }, false]]) {
            equal(surrounds(place, row), is, JSON.stringify(place));
        }
        equal(surrounds({ lines: [1, 9] }, { lines: [2, 3] }), false, "no boxes");
    },
    async "places meet when they share something"() {
        const { placesMeet } = await load("place");
        for (const [a, b, met] of [
            [{ page: 3 }, { page: 3 }, true], [{ page: 3 }, { page: 4 }, false],
            [{ page: 3, box: [0, 0, 0.5, 0.5] }, { page: 3, box: [0.4, 0.4, 1, 1] }, true],
            [{ page: 3, box: [0, 0, 0.5, 0.5] }, { page: 3, box: [0, 0.5, 0.5, 1] }, false],
            [{ slide: 2, part: "notes" }, { slide: 2 }, false],
            [{ sheet: "A", range: "A1:C9" }, { sheet: "A", range: "C9:D10" }, true], [{ sheet: "A", range: "A1:C9" }, { sheet: "A", range: "D1:D2" }, false],
            [{ sheet: "A", range: "A1" }, { sheet: "B", range: "A1" }, false], [{ sheet: "A", range: "AA1:AB2" }, { sheet: "A" }, true],
            [{ rows: [2, 5] }, { rows: [5, 9] }, true], [{ rows: [2, 5], cols: [1, 2] }, { rows: [5, 9], cols: [3, 4] }, false],
            [{ lines: [1, 2] }, { lines: [3, 4] }, false], [{ part: "document", section: "1" }, { part: "document", section: "1" }, true],
            [{ part: "footnotes" }, { part: "document" }, false], [null, { page: 1 }, false]]) {
            equal(placesMeet(a, b), met, `${JSON.stringify(a)} and ${JSON.stringify(b)}`);
        }
    },
    async "places from an address are held to what is well formed"() {
        const { parsePlaces } = await load("place");
        same(parsePlaces('{"page":3,"box":[-1,0.2,9,0.4]}'), [{ page: 3, box: [0, 0.2, 1, 0.4] }], "box on its page");
        same(parsePlaces('[{"page":1},{"rows":["x"]},7,null,{"box":[0.5,0,0.2,1]}]'), [{ page: 1 }], "the rest is dropped");
        for (const bad of ["", "{", "null", "[[1]]", null]) {
            same(parsePlaces(bad), [], String(bad));
        }
        equal(parsePlaces(JSON.stringify(Array(500).fill({ page: 1 }))).length, 64, "limit of places");
    },
    async "numbers are told in words"() {
        const { bytes, timeLeft, layerWords } = await load("words");
        for (const [n, words] of [[0, "0 bytes"], [999, "999 bytes"], [1000, "1.0 KB"], [58854, "59 KB"], [999600, "1.0 MB"], [2.5e9, "2.5 GB"]]) {
            equal(bytes(n), words, String(n));
        }
        for (const [s, words] of [[null, ""], [-1, ""], [3, "a few seconds left"], [31, "about 35 seconds left"], [120, "about 2 minutes left"],
            [7200, "about 2 hours left"]]) {
            equal(timeLeft(s), words, String(s));
        }
        equal(layerWords(4), "Check 4 of 5: structure", "layer");
        ok(layerWords("strange") === "strange", "a later server's layer");
    },
};

export async function runPure() {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const [name, run] of Object.entries(CASES)) {
        try {
            await run();
            counts.passed++;
            console.log(`ok   ${name}`);
        } catch (error) {
            counts.failed++;
            console.log(`FAIL ${name}: ${error.message}`);
        }
    }
    return counts;
}
