// SPDX-License-Identifier: AGPL-3.0-or-later
// Answers that come late, twice, or not at all: what is shown is the newest that is known, and every failure offers a way on.
import { control, equal, findDocument, test, until } from "./harness.mjs";
import { choose, file, openLibrary, row } from "./library.mjs";

/** Keeps back the answer to the first request that fits, as the server gave it then; `asked` tells when it has it, `release` lets it go. */
async function hold(page, pattern, fits = () => true) {
    let release, got, taken = false;
    const asked = new Promise((done) => (got = done)), free = new Promise((done) => (release = done));
    await page.route(pattern, async (route) => {
        if (taken || !fits(route.request())) {
            return route.fallback();
        }
        taken = true;
        const response = await route.fetch();
        got();
        await free;
        return route.fulfill({ response }).catch(() => {});
    });
    return { asked, release };
}

/** Two redraws: whatever an answer brings about is there. */
async function settle(page, pattern, release) {
    const came = page.waitForResponse(pattern);
    release();
    await (await came).finished();
    await page.evaluate(() => new Promise((done) => setTimeout(() => requestAnimationFrame(() => setTimeout(done, 60)), 60)));
}

const state = (page, name) => row(page, name).locator(".state").textContent();
const LIST = /\/v1\/documents\?/, isGet = (r) => r.method() === "GET";

test("a list that was asked for before an upload does not take it away", async ({ page }) => {
    const list = await hold(page, LIST);
    await page.goto("/");
    await list.asked;
    await choose(page, [file("quicker.txt")]);
    await until(() => row(page, "quicker.txt").and(page.locator("[data-document]")).count(), "the row");
    await settle(page, LIST, list.release);
    await page.waitForSelector("text=fryer-manual.pdf");
    equal(await row(page, "quicker.txt").count(), 1, "rows of the upload");
    await until(async () => (await state(page, "quicker.txt")) === "Ready", "ready");
}, "mock");

test("a list that was asked for before a deletion does not bring the document back", async ({ page, url }) => {
    await openLibrary(page);
    const list = await hold(page, LIST);
    await page.getByLabel("Status").selectOption("ready");
    await list.asked;
    const { documents } = await (await fetch(`${url}/v1/documents?q=fryer-manual`)).json();
    await fetch(`${url}/v1/documents/${documents[0].id}`, { method: "DELETE", headers: { "X-Larder-Client": "web" } });
    await until(async () => (await row(page, "fryer-manual.pdf").count()) === 0, "gone");
    await settle(page, LIST, list.release);
    equal(await row(page, "fryer-manual.pdf").count(), 0, "rows after the late list");
}, "mock");

test("an older answer about a document does not hide that it is ready", async ({ page, url }) => {
    await openLibrary(page);
    await control(url, "set", { hold: true });
    const one = await hold(page, /\/v1\/documents\/d\d+$/, isGet); // asked for when the document came
    await choose(page, [file("slow-news.txt")]);
    await one.asked;
    await control(url, "set", { hold: false });
    await until(async () => (await state(page, "slow-news.txt")) === "Ready", "ready");
    await until(() => row(page, "slow-news.txt").locator(".row-meta", { hasText: "12 pages" }).count(), "the whole of it");
    await settle(page, /\/v1\/documents\/d\d+$/, one.release);
    equal(await state(page, "slow-news.txt"), "Ready", "after the older answer");
}, "mock");

test("an answer about events that is older than the stream does not start it again", async ({ page, url, expected }) => {
    expected.push(/WebSocket/, /ERR_/);
    await openLibrary(page);
    const answer = await hold(page, /\/v1\/events\?since=/, (r) => r.resourceType() === "fetch");
    await control(url, "drop"); // once connected again the page asks whether the server counts anew
    await answer.asked;
    await page.waitForSelector(".connection.live");
    await choose(page, [file("meanwhile.txt")]);
    await until(async () => (await state(page, "meanwhile.txt")) === "Ready", "ready");
    const sockets = async () => (await (await fetch(`${url}/mock/state`)).json()).log.filter((line) => line.startsWith("ws")).length;
    const before = await sockets();
    await settle(page, /\/v1\/events\?since=/, answer.release);
    await page.waitForTimeout(500); // a second connection would be made at once
    equal(await sockets(), before, "sockets");
}, "mock");

test("the name filter leaves room for a second word", async ({ page }) => {
    await openLibrary(page);
    const name = page.getByLabel("Name"), asked = page.waitForResponse(/q=cleaning/);
    await name.pressSequentially("cleaning ");
    await (await asked).finished();
    await page.waitForTimeout(100);
    equal(await name.inputValue(), "cleaning ", "what was typed");
}, "mock");

test("a session that cannot be read at sign-in does not leave the page empty, and is asked for again", async ({ page, url, expected }) => {
    expected.push(/status of (401|503)/, /WebSocket/);
    await control(url, "set", { need_key: true, role: "viewer", rights: ["read", "search"], name: "Test key" });
    await page.goto("/");
    await page.waitForSelector("#key");
    let failures = 1;
    await page.route("**/v1/session", (route) => isGet(route.request()) && failures-- > 0 ? route.fulfill({ status: 503, body: "" }) : route.fallback());
    await page.fill("#key", "larder-test-key");
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=fryer-manual.pdf");
    await page.waitForSelector("text=Signed in as Test key"); // and the rights that go with it
    equal(await page.locator(".add").count(), 0, "adding files");
}, "mock");

test("after a page came with a script of its own its heading has the focus", async ({ page, expected }) => {
    expected.push(/status of 404/);
    await openLibrary(page);
    await page.getByRole("link", { name: "Dashboard" }).click();
    await page.waitForSelector("h1:has-text('Dashboard')");
    await until(() => page.evaluate(() => document.activeElement?.tagName === "H1"), "the focus is on the heading");
}, "mock");

test("after a row was deleted the focus is on the next one", async ({ page }) => {
    await openLibrary(page);
    await page.getByLabel("Actions for fryer-manual.pdf").click();
    await row(page, "fryer-manual.pdf").getByRole("button", { name: "Delete" }).press("Enter");
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).press("Enter");
    await until(async () => (await row(page, "fryer-manual.pdf").count()) === 0, "gone");
    await until(() => page.evaluate(() => document.activeElement?.closest(".row") !== null), "the focus is in the list");
}, "mock");

test("after Release the focus stays with the document, or goes on where that leaves the list", async ({ page, url }) => {
    const focused = (selector) => until(() => page.evaluate((s) => document.activeElement?.closest(s) !== null, selector), `the focus is on ${selector}`);
    const release = (room) => room.getByRole("button", { name: "Release" }).press("Enter");
    const reset = async () => { // no page is left that would ask for documents which are gone then
        await page.goto("about:blank");
        await control(url, "reset");
    };
    const id = await findDocument(url, "supplier-price-list.pdf");
    await openLibrary(page);
    await release(row(page, "supplier-price-list.pdf"));
    await until(async () => (await state(page, "supplier-price-list.pdf")) === "Ready, 1 warning", "ready");
    await focused(`[data-document="${id}"]`);
    await reset();
    await page.goto("/documents/" + (await findDocument(url, "supplier-price-list.pdf")));
    await release(page.locator("main"));
    await page.getByRole("button", { name: "Release" }).waitFor({ state: "detached" });
    await focused("main h1");
    await reset();
    await openLibrary(page);
    await page.getByLabel("Status").selectOption("quarantined");
    await until(async () => (await page.locator(".row").count()) === 1, "only the held one");
    await release(row(page, "supplier-price-list.pdf"));
    await until(async () => (await page.locator(".row").count()) === 0, "it left the list");
    await focused("main h1");
}, "mock");

test("of two passages by number the later asked one is marked", async ({ page, url }) => {
    const { documents } = await (await fetch(`${url}/v1/documents?q=equipment-notes`)).json();
    const place = `/documents/${documents[0].id}?chunk=`;
    const older = await hold(page, /\/chunks\?limit=1&after=4$/);
    await page.goto(place + 5);
    await older.asked;
    await page.evaluate((to) => { history.pushState(null, "", to); dispatchEvent(new PopStateEvent("popstate")); }, place + 61);
    await page.waitForSelector(".el.hit[data-index='61']");
    await settle(page, /\/chunks\?/, older.release);
    equal(await page.locator(".el.hit").first().getAttribute("data-index"), "61", "the marked element");
}, "mock");

test("more of a text is added once, however often the button is pressed", async ({ page, url, expected }) => {
    expected.push(/status of 500/);
    const { documents } = await (await fetch(`${url}/v1/documents?q=equipment-notes`)).json();
    let failures = 0;
    await page.route("**/elements?*", async (route) => {
        const after = Number(new URL(route.request().url()).searchParams.get("after") ?? -1);
        if (failures-- > 0) {
            return route.fulfill({ status: 500, body: "" });
        }
        await new Promise((done) => setTimeout(done, 300));
        return route.fulfill({ json: { next: after < 20 ? after + 10 : null, elements: Array.from({ length: 10 }, (_, i) =>
            ({ index: after + 1 + i, kind: "paragraph", text: `Note ${after + 1 + i}`, place: { lines: [after + i + 2, after + i + 2] } })) } });
    });
    await page.goto(`/documents/${documents[0].id}`);
    const more = page.getByRole("button", { name: "Show more" });
    await more.dblclick();
    await until(async () => (await page.locator(".el").count()) >= 20, "the second part");
    await page.waitForTimeout(400);
    equal(await page.locator(".el").count(), 20, "elements");
    failures = 1;
    await more.click();
    await page.waitForSelector(".text .note.bad");
    await more.click();
    await until(async () => (await page.locator(".el").count()) === 30, "the third part");
    equal(await page.locator(".text .note.bad").count(), 0, "messages of failures that are over");
}, "mock");

test("a text that does not come can be asked for again", async ({ page, url, expected }) => {
    expected.push(/status of 500/);
    const { documents } = await (await fetch(`${url}/v1/documents?q=equipment-notes`)).json();
    let failures = 1;
    await page.route("**/elements?*", (route) => failures-- > 0 ? route.fulfill({ status: 500, body: "" }) : route.fallback());
    await page.goto(`/documents/${documents[0].id}`);
    await page.getByRole("button", { name: "Try again" }).click();
    await page.waitForSelector(".el");
}, "mock");

// ---- the assistant

const CONVERSATION = "01a20400-0000-7000-8000-000000000001", OTHER = "01a20400-0000-7000-8000-000000000009";
const talk = (text) => ({ messages: [{ role: "user", text, run_id: "r" }, { role: "assistant", text: "Yes.", run_id: "r" }] });

test("a conversation that does not come can be asked for again", async ({ page, expected }) => {
    expected.push(/status of 500/);
    let failures = 1;
    await page.route("**/v1/conversations/*", (r) => failures-- > 0 ? r.fulfill({ status: 500, body: "" }) : r.fulfill({ json: talk("Is the vat hot?") }));
    await page.goto("/ask/" + CONVERSATION);
    await page.getByRole("button", { name: "Try again" }).click();
    await page.waitForSelector("text=Is the vat hot?");
    equal(await page.getByRole("button", { name: "Try again" }).count(), 0, "failures that are over");
});

test("the failure of an earlier conversation is not shown in the next, nor its question", async ({ page, expected }) => {
    expected.push(/status of 500/);
    let free;
    const late = new Promise((done) => (free = done));
    await page.route("**/v1/conversations?*", (r) => r.fulfill({ json: { conversations: [] } }));
    await page.route("**/v1/conversations/" + CONVERSATION, async (r) => { await late; await r.fulfill({ status: 500, body: "" }).catch(() => {}); });
    await page.route("**/v1/ask", async (r) => { await late; await r.abort().catch(() => {}); });
    await page.goto("/ask/" + CONVERSATION);
    await page.getByLabel("Your question").fill("Is the grill hot?");
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=Stop");
    await page.getByRole("link", { name: "New conversation" }).click();
    await page.waitForSelector(".ask-intro");
    free();
    await page.waitForTimeout(300);
    equal(await page.locator(".note.bad").count(), 0, "failures");
    equal(await page.getByLabel("Your question").inputValue(), "", "the question");
});

test("a lost connection in the middle of an answer is called that", async ({ page }) => {
    await page.route("**/v1/conversations*", (r) => r.fulfill({ json: { conversations: [] } }));
    await page.addInitScript(() => {
        const plain = window.fetch;
        window.fetch = (to, init) => String(to) !== "/v1/ask" ? plain(to, init) : Promise.resolve(new Response(new ReadableStream({
            start(out) {
                out.enqueue(new TextEncoder().encode('event: delta\ndata: {"text": "Let the"}\n\n'));
                setTimeout(() => out.error(new TypeError("network error")), 100);
            } })));
    });
    await page.goto("/ask");
    await page.getByLabel("Your question").fill("Is the grill hot?");
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=The answer broke off. Ask again.");
    equal(await page.getByLabel("Your question").inputValue(), "Is the grill hot?", "the question is at hand");
});

test("of two traces the later asked one is shown", async ({ page }) => {
    const run = (question) => ({ id: "x", question, status: "done", created_at: new Date().toISOString(), took_ms: 5, conversation_id: CONVERSATION, summary: {}, steps: [] });
    let free;
    const late = new Promise((done) => (free = done));
    await page.route("**/v1/runs/" + CONVERSATION, async (r) => { await late; await r.fulfill({ json: run("The first") }).catch(() => {}); });
    await page.route("**/v1/runs/" + OTHER, (r) => r.fulfill({ json: run("The second") }));
    await page.goto("/runs/" + CONVERSATION);
    await page.waitForSelector("h1:has-text('How this came about')");
    await page.evaluate((to) => { history.pushState(null, "", to); dispatchEvent(new PopStateEvent("popstate")); }, "/runs/" + OTHER);
    await page.waitForSelector("text=The second");
    free();
    await page.waitForTimeout(300);
    equal(await page.locator(".question").textContent(), "The second", "the question");
});

// ---- administration

test("a list of keys that was asked for earlier does not hide a new key", async ({ page }) => {
    let keys = [], asked = 0, free;
    const late = new Promise((done) => (free = done));
    const made = { id: "00000000000c", name: "Bar phone", role: "viewer", scopes: [], partitions: [], created_at: "2026-01-01T00:00:00Z", created_by: "admin",
        expires_at: null, expired: false, last_used_at: null, last_used_from: null };
    await page.route("**/v1/keys", async (route) => {
        if (!isGet(route.request())) {
            keys = [made];
            return route.fulfill({ status: 201, json: { id: made.id, key: "larder_made" } });
        }
        const now = { keys };
        if (asked++ === 0) {
            await late;
        }
        return route.fulfill({ json: now }).catch(() => {});
    });
    await page.goto("/keys");
    await page.click("text=Make a key");
    await page.getByLabel("Name").fill("Bar phone");
    await page.click("text=Make the key");
    await page.waitForSelector("tr:has-text('Bar phone')");
    free();
    await page.waitForTimeout(300);
    equal(await page.locator("tr:has-text('Bar phone')").count(), 1, "rows of the new key");
});

test("the filters of the audit log take words with spaces, and an older failure is not shown", async ({ page, expected }) => {
    expected.push(/status of 500/);
    let free;
    const late = new Promise((done) => (free = done)), asked = [];
    await page.route("**/v1/audit?*", async (route) => {
        asked.push(new URL(route.request().url()).searchParams.get("act"));
        if (asked.length === 1) {
            await late;
            return route.fulfill({ status: 500, body: "" }).catch(() => {});
        }
        return route.fulfill({ json: { rows: [] } });
    });
    await page.goto("/audit");
    await page.getByLabel("What").pressSequentially("key rotated");
    equal(await page.getByLabel("What").inputValue(), "key rotated", "what was typed");
    await until(() => asked.includes("key rotated"), "it is asked for");
    await page.waitForSelector("text=No row fits");
    free();
    await page.waitForTimeout(300);
    equal(await page.locator(".note.bad").count(), 0, "failures");
});

/** What the dashboard asks; one: its only alert. */
async function feedDashboard(page, more, one = () => null) {
    await page.route("**/v1/metrics/query*", (route) => route.fulfill({ json: { from: 0, step: 15, points: 0, series: [] } }));
    await page.route("**/v1/alerts", async (route) => {
        const alert = await one(route);
        return route.fulfill({ json: { alerts: alert ? [alert] : [], channels: [], ...more } }).catch(() => {});
    });
    await page.route("**/v1/alerts/rules", (route) => route.fulfill({ json: { file_error: null, rules: [] } }));
    await page.route("**/v1/alerts/history*", (route) => route.fulfill({ json: { changes: [] } }));
}

test("an older answer about alerts does not bring back what was silenced", async ({ page }) => {
    let held = null, asked = 0, free;
    const late = new Promise((done) => (free = done));
    await feedDashboard(page, { silences: [] }, async (route) => {
        const now = { rule: "memory_use", title: "Memory use", severity: "critical", state: "critical", firing: true, label: "", word: "", value: 0.9, threshold: 0.8,
            direction: "above", unit: "ratio", group: "g", plot: "resources", advice: "Give it more.", since: "2026-01-01T00:00:00Z", fired_at: "2026-01-01T00:00:00Z",
            told_at: null, acknowledged_at: null, held };
        if (++asked === 2) {
            await late;
        }
        return now;
    });
    await page.route("**/v1/alerts/silences", (route) => { held = "silenced"; return route.fulfill({ json: {} }); });
    await page.goto("/dashboard");
    const button = page.getByRole("button", { name: "Silence for an hour" });
    await button.waitFor();
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await until(() => asked === 2, "the second question");
    await button.click();
    await button.waitFor({ state: "detached" });
    free();
    await page.waitForTimeout(300);
    equal(await button.count(), 0, "buttons after the older answer");
}, "mock");

test("a silence that cannot be ended says so", async ({ page, expected }) => {
    expected.push(/status of (500|404)/);
    await feedDashboard(page, { silences: [{ id: 4, rule: "memory_use", word: "", until: new Date(Date.now() + 3e6).toISOString(), maintenance: false, comment: "" }] });
    await page.route("**/v1/alerts/silences/4", (route) => route.fulfill({ status: 500, body: "" }));
    await page.goto("/dashboard");
    await page.click(".silences button");
    await page.waitForSelector(".silences [role=alert]:has-text('Something went wrong on the server.')");
}, "mock");
