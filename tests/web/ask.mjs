// SPDX-License-Identifier: AGPL-3.0-or-later
// The conversation page: answers as they come, sources that open their place, what is not supported, and the trace.
import { equal, ok, test, until } from "./harness.mjs";
import { choose, file, openLibrary, row } from "./library.mjs";

const CONVERSATION = "01a20400-0000-7000-8000-000000000001";
const RUN = "01a20400-0000-7000-8000-000000000002";

function citation(number, more = {}) {
    return { number, document_id: "d1", document_name: "fryer.pdf", type: "pdf", place: { page: 8 }, place_words: "page 8",
        heading: "", quote: "Let the oil cool to 300 °F.", link: "/documents/d1?chunk=1&elements=5-5", ...more };
}

function answer(more = {}) {
    return { answer: "x", refused: false, citations: [citation(1)], run_id: RUN, conversation_id: CONVERSATION, mode: "extractive",
        sentences: [{ text: "Let the oil cool to 300 °F.", citations: [1], supported: true, breaks: false }], ...more };
}

function sse(...events) {
    return events.map(([kind, data]) => `event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`).join("");
}

/** Plays the server's part of asking; the bodies that were asked. */
async function play(page, ...answers) {
    const asked = [];
    await page.route("**/v1/conversations*", (r) => r.fulfill({ json: { conversations: [] } }));
    await page.route("**/v1/ask", async (r) => {
        const next = answers[Math.min(asked.length, answers.length - 1)];
        asked.push(r.request().postDataJSON());
        if (typeof next === "function") {
            await next(r);
        } else {
            await r.fulfill({ contentType: "text/event-stream", body: next });
        }
    });
    return asked;
}

async function put(page, question) {
    await page.getByLabel("Your question").fill(question);
    await page.keyboard.press("Enter");
}

test("an answer shows its sources, and a further question goes on", async ({ page }) => {
    const asked = await play(page, sse(["run", { run_id: RUN }], ["delta", { text: "Let the oil" }], ["answer", answer()]));
    await page.goto("/ask");
    await put(page, "How do I filter?");
    await page.waitForSelector(".answer .cite");
    await page.waitForURL("/ask/" + CONVERSATION);
    equal(await page.locator(".question").first().textContent(), "How do I filter?", "the question");
    equal(await page.locator(".cite").first().getAttribute("aria-label"), "Source 1: fryer.pdf, page 8", "the chip");
    equal(await page.locator(".cite").first().getAttribute("href"), "/documents/d1?chunk=1&elements=5-5", "where it leads");
    ok((await page.locator(".source").textContent()).includes("Let the oil cool"), "the quote");
    equal(asked[0].conversation_id, undefined, "the first question makes a conversation");
    await put(page, "And how often?");
    await until(async () => (await page.locator(".answer .cite").count()) === 2, "the second answer");
    equal(asked[1].conversation_id, CONVERSATION, "the second goes on with it");
    equal(asked[1].stream, true, "streamed");
    equal(await page.getByLabel("Your question").inputValue(), "", "the box is free again");
});

test("what the documents don't support is marked", async ({ page }) => {
    const sentences = [{ text: "Cool it.", citations: [1], supported: true, breaks: false },
        { text: "Then drink it.", citations: [], supported: false, breaks: false }];
    await play(page, sse(["delta", { text: "wrong" }], ["discard", {}], ["answer", answer({ sentences, mode: "model", notice: "A notice." })]));
    await page.goto("/ask");
    await put(page, "?");
    await page.waitForSelector(".flag");
    equal(await page.locator(".unsupported").textContent(), "Then drink it.not supported by the documents", "the mark");
    ok(!(await page.locator("main").textContent()).includes("wrong"), "what was taken back is gone");
    ok((await page.locator(".answer").textContent()).includes("A notice."), "the notice");
});

test("warnings stand out, points are points, and a row is quoted without its empty cells", async ({ page }) => {
    const sentences = ["WARNING: Hot oil.", "- Wear gloves.", "Item: Pie; Egg: contains"].map((text, n) => ({ text, citations: [1], supported: true, breaks: n > 0 }));
    await play(page, sse(["answer", answer({ sentences, citations: [citation(1, { quote: "Pie | Desserts |  |  | contains | " })] })]));
    await page.goto("/ask");
    await put(page, "?");
    await page.waitForSelector(".answer .cite");
    equal(await page.locator(".warns").textContent(), "WARNING: Hot oil.1", "the warning");
    equal(await page.locator(".answer .step").textContent(), "• Wear gloves.1", "the point");
    equal((await page.locator(".source blockquote").textContent()).trim(), "Pie · Desserts · contains ·", "the row");
    const box = await page.locator(".answer .step > span").nth(1).boundingBox(), chip = await page.locator(".answer .step .cite").boundingBox();
    ok(chip.x > box.x && chip.x < box.x + box.width, "the source stands behind its sentence");
});

test("steps stand one a line, and a refusal says so", async ({ page }) => {
    const sentences = [1, 2, 3].map((n) => ({ text: `${n}. Do it.`, citations: [1], supported: true, breaks: n > 1 }));
    await play(page, sse(["answer", answer({ sentences })]), sse(["answer", answer({ refused: true, citations: [],
        sentences: [{ text: "I don't know.", citations: [], supported: true, breaks: false }] })]));
    await page.goto("/ask");
    await put(page, "Steps?");
    await until(async () => (await page.locator(".answer .step").count()) === 3, "three steps");
    await put(page, "Other?");
    await page.waitForSelector(".answer.refused");
    equal(await page.locator(".answer.refused .sources").count(), 0, "no sources");
});

test("an error keeps the question, and asking can be stopped", async ({ page, expected }) => {
    expected.push(/503/);
    const asked = await play(page, (r) => r.fulfill({ status: 503, contentType: "application/problem+json", body: '{"detail":"Too many questions."}' }),
        () => undefined); // never answered
    await page.goto("/ask");
    await put(page, "Busy?");
    await page.waitForSelector("text=Too many questions.");
    equal(await page.getByLabel("Your question").inputValue(), "Busy?", "the question is kept");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Stop" }).click();
    await page.waitForSelector(".ask-box button.primary");
    equal(await page.getByLabel("Your question").inputValue(), "Busy?", "still there");
    equal(asked.length, 2, "questions that were sent");
});

test("text of documents and models puts no element on the page", async ({ page }) => {
    const evil = '<img src=x onerror="window.hacked=1"><script>window.hacked=2</script>';
    await play(page, sse(["delta", { text: evil }], ["answer", answer({ citations: [citation(1, { quote: evil, document_name: evil })],
        sentences: [{ text: evil, citations: [1], supported: true, breaks: false }] })]));
    await page.goto("/ask");
    await put(page, evil);
    await page.waitForSelector(".answer .cite");
    equal(await page.evaluate(() => window.hacked), undefined, "window.hacked");
    equal(await page.locator("main img[src='x'], main script").count(), 0, "elements");
});

test("the trace tells each step with its attributes", async ({ page }) => {
    await page.route("**/v1/runs/*", (r) => r.fulfill({ json: { run_id: RUN, conversation_id: CONVERSATION, question: "How?", status: "completed",
        created_at: "2026-11-22T12:00:00Z", took_ms: 12, summary: { mode: "model", usage: { requests: 2, tool_calls: 1, input_tokens: 100, output_tokens: 20 } },
        steps: [{ kind: "execute_tool", at_ms: 1, took_ms: 5, attributes: { "gen_ai.tool.name": "search_knowledge", "gen_ai.tool.call.arguments": '{"query":"oil"}' } },
            { kind: "chat", at_ms: 7, took_ms: 3, attributes: { "error.type": "busy" } }] } }));
    await page.goto("/runs/" + RUN);
    await page.waitForSelector(".trace-step");
    const text = await page.locator("main").textContent();
    for (const part of ["Tool call: search_knowledge", "2 requests, 1 tool calls, 120 tokens", "took 5.0 ms", "busy", '"query": "oil"']) {
        ok(text.includes(part), `${part} in ${text.slice(0, 400)}`);
    }
});

test("a real question is answered, and its source opens the place", async ({ page }) => {
    const word = "zabaglione" + Date.now();
    await openLibrary(page);
    await choose(page, [{ ...file(`${word}.md`), buffer: Buffer.from(`# Desserts\n\nThe ${word} is whisked for nine minutes over steam.\n`) }]);
    await until(async () => (await row(page, word).locator(".state").textContent()) === "Ready", "ready");
    await page.goto("/ask");
    await put(page, `How long is the ${word} whisked?`);
    await page.waitForSelector(".answer .cite");
    ok((await page.locator(".answer-text").textContent()).includes("nine minutes"), "the answer");
    await page.locator(".answer .cite").first().click();
    await page.waitForURL(/\/documents\/.+elements=/);
    await page.waitForSelector(".hit");
    await page.goBack();
    await page.waitForSelector(".answer .cite"); // the conversation is there again
    await page.getByRole("link", { name: "How this came about" }).click();
    await page.waitForSelector(".trace-step");
}, "server");

test("names without a space stay within a phone's width", async ({ page }) => {
    const name = "equipment_handbook_of_the_large_fryer_on_the_left_hand_side.pdf";
    await page.setViewportSize({ width: 390, height: 844 });
    await play(page, sse(["run", { run_id: RUN }], ["answer", answer({ citations: [citation(1, { document_name: name })],
        sentences: [{ text: `See ${name}.`, citations: [1], supported: true, breaks: false }] })]));
    await page.goto("/ask");
    await put(page, "Where?");
    await page.waitForSelector(`.source a:has-text("${name}")`);
    const outside = await page.evaluate(() => [...document.querySelectorAll(".turns *")].filter((e) => e.getBoundingClientRect().right > innerWidth).map((e) => e.className || e.tagName));
    equal(outside.join(" "), "", "what sticks out");
});
