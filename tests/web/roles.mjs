// SPDX-License-Identifier: AGPL-3.0-or-later
// What each role sees of the app: it hides what the signed-in key may not do, and says so where an address leads there. The pages
// of keys and of the audit log, over answers made up here; against a real server once with real keys.
import { control, equal, ok, test, until } from "./harness.mjs";
import { weakTexts } from "./contrast.mjs";

const WANTED = { // role: links of the head, whether files can be added, buttons of a document
    viewer: ["Library,Ask", 0, "Download"],
    contributor: ["Library,Ask", 1, "Download,Read again"],
    manager: ["Library,Ask,Dashboard", 1, "Download,Read again,Delete"],
    admin: ["Library,Ask,Dashboard,Keys,Audit", 1, "Download,Read again,Delete"],
};

const texts = async (list) => (await list.allTextContents()).map((t) => t.trim()).join();

async function look(page, role, wanted) {
    await page.goto("/");
    await page.waitForSelector("[data-document]");
    equal(await texts(page.locator("header nav a")), wanted[0], `${role}: links`);
    equal(await page.locator(".add").count(), wanted[1], `${role}: adding files`);
    const one = page.locator("[data-document].ready").first();
    await one.getByRole("button", { name: /Actions/ }).click();
    equal(await texts(one.locator(".buttons > *")), wanted[2], `${role}: buttons`);
}

for (const [role, wanted] of Object.entries(WANTED)) {
    test(`a ${role} sees what a ${role} may do`, async ({ page, url }) => {
        await control(url, "role", { role });
        await look(page, role, wanted);
        ok((await page.textContent(".foot")).includes(`Signed in as Test key (${role})`), "who is signed in");
    }, "mock");
}

test("a viewer can't drop files, and reads that a manager decides", async ({ page, url }) => {
    await control(url, "role", { role: "viewer" });
    await page.goto("/");
    await page.waitForSelector("[data-document]");
    await page.evaluate(() => {
        const data = new DataTransfer();
        data.items.add(new File(["x"], "dropped.txt"));
        document.querySelector("main").dispatchEvent(new DragEvent("dragenter", { bubbles: true, dataTransfer: data }));
    });
    equal(await page.locator(".drop-room").count(), 0, "the place to drop files");
    await control(url, "reset", { empty: true });
    await control(url, "role", { role: "viewer" });
    await page.goto("/");
    await page.waitForSelector(".empty");
    ok(!(await page.textContent(".empty")).includes("Add documents"), "the empty library asks nobody to add who may not");
}, "mock");

test("an address that the key may not open says so, and what to do", async ({ page, url }) => {
    for (const [role, closed] of [["viewer", ["/dashboard?alert=memory_use", "/keys", "/audit"]], ["manager", ["/keys", "/audit"]]]) {
        await control(url, "role", { role });
        for (const path of closed) {
            await page.goto(path);
            await page.waitForSelector("text=This page is not open to you");
            const said = await page.textContent("main");
            ok(said.includes(`the role ${role}`) && said.includes("Sign in with another key"), `${path}: ${said}`);
        }
    }
    await control(url, "role", { role: "viewer", rights: ["monitor"] });
    await page.goto("/");
    await page.waitForSelector("text=Go to the dashboard");
    equal(await page.locator(".search-box, .connection").count(), 0, "search and connection of a key that reads nothing");
}, "mock");

// ---- keys

function keyRow(id, name, more = {}) {
    return { id, name, role: "viewer", scopes: [], partitions: [], created_at: "2026-01-05T08:00:00Z", created_by: "admin", expires_at: null, expired: false,
        rotated_at: null, last_used_at: null, last_used_from: null, ...more };
}

async function feedKeys(page, log) {
    let keys = [keyRow("00000000000a", "Kitchen tablet", { last_used_at: new Date().toISOString(), last_used_from: "10.0.0.7" }),
        keyRow("00000000000b", "Old till", { role: "contributor", partitions: ["bar"], expires_at: "2026-02-01T00:00:00Z", expired: true })];
    await page.route("**/v1/keys**", (route) => {
        const request = route.request(), path = new URL(request.url()).pathname, id = path.split("/")[3];
        const json = (body, status = 200) => route.fulfill({ status, contentType: "application/json", body: JSON.stringify(body) });
        if (request.method() === "GET") {
            return json({ keys });
        }
        log.push([request.method(), path, request.postDataJSON()]);
        if (request.method() === "DELETE") {
            keys = keys.filter((k) => k.id !== id);
            return route.fulfill({ status: 204 });
        }
        if (path.endsWith("/rotate")) {
            return json({ id, key: "larder_rotated" });
        }
        keys = [...keys, keyRow("00000000000c", request.postDataJSON().name, { role: request.postDataJSON().role })];
        return json({ id: "00000000000c", key: "larder_made" }, 201);
    });
}

test("keys are listed, made, shown once, rotated and revoked", async ({ page }) => {
    const log = [];
    await feedKeys(page, log);
    await page.goto("/keys");
    await page.waitForSelector("table.keys");
    ok((await page.textContent("tr:has-text('Kitchen tablet')")).includes("10.0.0.7"), "where it was used");
    ok((await page.textContent("tr:has-text('Old till')")).includes("has ended") && (await page.textContent("tr:has-text('Old till')")).includes("in bar"), "end and partitions");
    await page.click("text=Make a key");
    await page.click("text=Make the key");
    await page.waitForSelector("text=Give the key a name");
    await page.getByLabel("Name").fill("Bar phone");
    await page.getByLabel("Role").selectOption("contributor");
    await page.getByLabel("Ends").selectOption("90");
    await page.getByLabel(/Only these partitions/).fill("bar, kitchen");
    await page.click("text=Make the key");
    await page.waitForSelector("[data-testid=key-text]");
    equal(await page.inputValue("[data-testid=key-text]"), "larder_made", "the new key's text");
    equal(JSON.stringify(log[0]), JSON.stringify(["POST", "/v1/keys", { name: "Bar phone", role: "contributor", expires_in_days: 90, partitions: ["bar", "kitchen"] }]), "what was sent");
    await page.waitForSelector("tr:has-text('Bar phone')");
    await page.click("text=I have it");
    ok(!(await page.content()).includes("larder_made"), "the text is gone from the page");
    equal(await page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage }).includes("larder_made")), false, "the text is kept");
    await page.click("tr:has-text('Kitchen tablet') >> text=Rotate");
    await page.click("dialog button.danger");
    await until(async () => (await page.locator("[data-testid=key-text]").count()) && (await page.inputValue("[data-testid=key-text]")) === "larder_rotated", "the rotated text");
    ok((await page.textContent(".new-key")).includes("one more day"), "what becomes of the old text");
    await page.click("tr:has-text('Old till') >> text=Revoke");
    await page.click("dialog button.danger");
    await page.waitForSelector("tr:has-text('Old till')", { state: "detached" });
    equal(log.slice(1).map((l) => l.slice(0, 2).join(" ")).join(), "POST /v1/keys/00000000000a/rotate,DELETE /v1/keys/00000000000b", "calls");
    for (const [width, colorScheme] of [[1280, "light"], [390, "dark"]]) {
        await page.setViewportSize({ width, height: 844 });
        await page.emulateMedia({ colorScheme });
        ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `nothing sticks out at ${width}`);
        equal(JSON.stringify(await weakTexts(page)), "[]", `contrast, ${colorScheme}`);
    }
});

// ---- the audit log

const row = (seq, more = {}) => ({ seq, time: "2026-03-01T10:00:00Z", who: "key:00000000000a", act: "deleteDocument", subject: "/v1/documents/x", outcome: "done", status: 204,
    address: "10.0.0.7", request_id: "r", detail: "", before: "0".repeat(64), hash: "a".repeat(64), ...more });

test("the audit log is read, filtered, paged and verified", async ({ page }) => {
    const asked = [];
    let holds = true;
    await page.route("**/v1/audit**", (route) => {
        const url = new URL(route.request().url()), json = (body) => route.fulfill({ contentType: "application/json", body: JSON.stringify(body) });
        asked.push(url.pathname + url.search);
        if (url.pathname.endsWith("/verify")) {
            return json(holds ? { holds, rows: 250, head: 250, head_hash: "b".repeat(64) } : { holds, rows: 11, bad_seq: 12, why: "The hash does not fit.", head: 250, head_hash: "b" });
        }
        const before = Number(url.searchParams.get("before") ?? 251), outcome = url.searchParams.get("outcome");
        return json({ rows: outcome ? [row(7, { outcome, status: 403, act: "createKey" })] : Array.from({ length: Math.min(100, before - 1) }, (_, i) => row(before - 1 - i)) });
    });
    await page.goto("/audit");
    await page.waitForSelector("table.audit");
    ok((await page.textContent("table.audit tbody tr")).includes("Delete document"), "the act in words");
    await page.click("text=Show more");
    await until(async () => (await page.locator("table.audit tbody tr").count()) === 200, "the next page");
    await page.getByLabel("Outcome").selectOption("refused");
    await until(async () => (await page.locator("table.audit tbody tr").count()) === 1, "filtered");
    ok((await page.textContent("table.audit tbody")).includes("refused (403)"), "the refusal");
    await page.getByLabel("Who").fill("nobody");
    await until(() => asked.some((a) => a.includes("who=nobody") && a.includes("outcome=refused")), "both filters are asked for");
    await page.click("text=Check that nothing was changed");
    await until(async () => /All 250 rows hold/.test(await page.textContent(".chain")), "the chain holds");
    holds = false;
    await page.click("text=Check that nothing was changed");
    await until(async () => /The log was changed at row 12\. The hash does not fit/.test(await page.textContent(".chain")), "the broken row is named");
    await page.setViewportSize({ width: 390, height: 844 });
    ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 390, "nothing sticks out on a phone");
});

// ---- with the real server's keys

test("real keys of each role open what they should", async ({ page, context }) => {
    for (const role of ["viewer", "contributor", "manager"]) {
        const made = await (await context.request.post("/v1/keys", { data: { name: `web test ${role}`, role }, headers: { "X-Larder-Client": "web" } })).json();
        await context.request.post("/v1/session", { data: { key: made.key }, headers: { "X-Larder-Client": "web" } });
        await page.goto("/");
        await page.waitForSelector(".foot .link");
        equal(await texts(page.locator("header nav a")), WANTED[role][0], `${role}: links`);
        equal(await page.locator(".add").count(), WANTED[role][1], `${role}: adding files`);
        await page.goto("/keys");
        await page.waitForSelector("text=This page is not open to you");
        await page.getByRole("button", { name: "Sign in with another key" }).click();
        await page.waitForSelector("header nav a");
        await context.request.delete("/v1/keys/" + made.id, { headers: { "X-Larder-Client": "web" } });
    }
}, "server");
