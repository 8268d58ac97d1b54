// SPDX-License-Identifier: AGPL-3.0-or-later
// Adding documents and the list of them.
import { readFile } from "node:fs/promises";
import { control, equal, ok, test, until } from "./harness.mjs";

let serial = Date.now();
export function file(name, size = 2000) {
    // Every file has other bytes, else the server would know it already.
    const head = `${name} ${++serial}. Rinse the strainer and wipe the counter.\n`;
    return { name, mimeType: "text/plain", buffer: Buffer.from(head.repeat(Math.ceil(size / head.length))) };
}

export const row = (page, name) => page.locator(".row", { has: page.locator(".row-name", { hasText: name }) });
export const choose = (page, files) => page.setInputFiles("[data-testid=files]", files);
export async function openLibrary(page) {
    await page.goto("/");
    await page.waitForSelector(".connection.live");
}

test("an upload goes from bytes over checking and reading to ready", async ({ page, isMock, url }) => {
    const seen = new Set();
    await page.exposeFunction("sawState", (text) => seen.add(text));
    await openLibrary(page);
    await page.evaluate(() => new MutationObserver(() => {
        for (const r of document.querySelectorAll(".row")) {
            if (r.textContent.includes("fresh-list")) {
                window.sawState(r.querySelector(".state").textContent + "|" + (r.querySelector(".progress")?.textContent ?? ""));
            }
        }
    }).observe(document.body, { subtree: true, childList: true, characterData: true }));
    if (isMock) {
        await control(url, "set", { slow_check: 0.4, hold_at: 3 });
    }
    await choose(page, [file("fresh-list.txt", 400000)]);
    if (isMock) {
        await page.waitForSelector("text=/Reading page 2 of 12/");
        await control(url, "set", { hold_at: 0 });
    }
    await until(async () => (await row(page, "fresh-list.txt").locator(".state").textContent()) === "Ready", "ready");
    equal(await row(page, "fresh-list.txt").count(), 1, "rows of the document");
    const states = [...seen];
    ok(states.some((s) => s.startsWith("Checking")), `no checking in ${JSON.stringify(states.slice(0, 8))}`);
    if (isMock) {
        ok(states.some((s) => /Reading page 2 of 12.*left/.test(s)), `no page count in ${JSON.stringify(states.slice(0, 8))}`);
    }
    ok((await page.locator("[role=status]").last().textContent()).includes("is ready"), "readiness is announced");
});

test("many files go up three at a time", async ({ page }) => {
    await page.addInitScript(() => {
        const send = XMLHttpRequest.prototype.send;
        window.most = 0;
        let now = 0;
        XMLHttpRequest.prototype.send = function (body) {
            window.most = Math.max(window.most, ++now);
            this.addEventListener("readystatechange", () => this.readyState === 4 && now--);
            send.call(this, body);
        };
    });
    await openLibrary(page);
    await choose(page, Array.from({ length: 9 }, (_, i) => file(`many-${i}.txt`)));
    await until(async () => (await page.locator(".row[data-document] .row-name", { hasText: "many-" }).count()) === 9, "all nine");
    equal(await page.evaluate(() => window.most), 3, "at once");
});

test("a refusal shows every finding until it is dismissed", async ({ page, isMock, expected }) => {
    expected.push(/status of 422/);
    await openLibrary(page);
    await choose(page, [isMock ? file("refused.pdf") : { name: "refused.pdf", mimeType: "application/pdf", buffer: Buffer.from("PK\x03\x04 not a PDF " + Date.now()) }]);
    const refused = row(page, "refused.pdf");
    await until(async () => (await refused.locator(".state").textContent()) === "Refused", "refused");
    const findings = refused.locator(".finding");
    ok(await findings.count() >= 1, "findings are shown");
    ok((await findings.first().textContent()).includes("What to do:"), "with advice");
    if (isMock) {
        equal(await findings.count(), 3, "findings");
        const text = await refused.textContent();
        for (const part of ["Check 3 of 5: type", "content is a ZIP archive", "(page 3)", "Open the file on your computer", "Warning"]) {
            ok(text.includes(part), `missing: ${part}`);
        }
    }
    await page.getByLabel("Dismiss refused.pdf").click();
    equal(await refused.count(), 0, "rows after dismissing");
});

test("the same content again links to the document that is there", async ({ page }) => {
    await openLibrary(page);
    const twice = file("opening-list.txt");
    await choose(page, [twice]);
    await until(async () => (await row(page, "opening-list.txt").locator(".state").textContent()) === "Ready", "ready");
    await choose(page, [{ ...twice, name: "copy-of-list.txt" }]);
    const copy = row(page, "copy-of-list.txt");
    await copy.getByRole("link", { name: "opening-list.txt" }).click();
    await page.waitForURL(/\/documents\/.+/);
    equal(await page.locator("h1").textContent(), "opening-list.txt", "heading");
});

test("a busy server and a lost connection are waited for in clear words", async ({ page, url, expected }) => {
    expected.push(/status of 503/, /ERR_/, /WebSocket/);
    await openLibrary(page);
    await control(url, "set", { busy: 2 });
    await choose(page, [file("patient.txt")]);
    await page.waitForSelector("text=/The server is busy. Trying again/");
    await until(async () => (await row(page, "patient.txt").locator(".state").textContent()) === "Ready", "ready after busy");
    await control(url, "set", { offline: true });
    await choose(page, [file("stubborn.txt")]);
    await page.waitForSelector("text=/The connection was lost. Trying again/");
    await control(url, "set", { offline: false });
    await until(async () => (await row(page, "stubborn.txt").locator(".state").textContent()) === "Ready", "ready after offline");
}, "mock");

test("a held document is released by a person", async ({ page }) => {
    await openLibrary(page);
    const held = row(page, "supplier-price-list.pdf");
    ok((await held.textContent()).includes("would start another program"), "the finding is shown");
    await held.getByRole("button", { name: "Release" }).click();
    await until(async () => (await held.locator(".state").textContent()) === "Ready, 1 warning", "ready");
}, "mock");

test("a document is deleted after a question, and read again without one", async ({ page }) => {
    await openLibrary(page);
    await choose(page, [file("old-menu.txt")]);
    const old = row(page, "old-menu.txt");
    await until(async () => (await old.locator(".state").textContent()) === "Ready", "ready");
    await page.getByLabel("Actions for old-menu.txt").click();
    await old.getByRole("button", { name: "Read again" }).click();
    await until(async () => (await old.locator(".state").textContent()) === "Ready", "ready again");
    await old.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    equal(await old.count(), 1, "rows after Cancel");
    await old.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await until(async () => (await old.count()) === 0, "gone");
});

test("the list is filtered by name, type and status, and grows by pages", async ({ page, url }) => {
    await control(url, "add", { count: 70 });
    await openLibrary(page);
    await until(async () => (await page.locator(".row").count()) === 50, "first page");
    await page.getByRole("button", { name: "Show more" }).click();
    await until(async () => (await page.locator(".row").count()) === 79, "all rows");
    await page.getByLabel("Name").fill("cleaning");
    await until(async () => (await page.locator(".row").count()) === 1, "by name");
    await page.getByLabel("Type").selectOption("pdf");
    await page.waitForSelector("text=No document fits");
    await page.getByRole("button", { name: "Show all documents" }).click();
    await page.getByLabel("Status").selectOption("quarantined");
    await until(async () => (await page.locator(".row").count()) === 1, "by status");
}, "mock");

test("dropping files anywhere adds them", async ({ page }) => {
    await openLibrary(page);
    const data = await page.evaluateHandle(() => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([`Dropped ${Date.now()}`], "dropped.txt"));
        return transfer;
    });
    await page.dispatchEvent("footer", "dragenter", { dataTransfer: data });
    await page.waitForSelector(".drop-room");
    await page.dispatchEvent("footer", "drop", { dataTransfer: data });
    await until(async () => (await row(page, "dropped.txt").locator(".state").textContent()) === "Ready", "ready");
    equal(await page.locator(".drop-room").count(), 0, "drop sign");
});

test("an empty library says what to do", async ({ page, url }) => {
    await control(url, "reset", { empty: true });
    await openLibrary(page);
    await page.waitForSelector("text=Nothing here yet");
}, "mock");

test("rows show a picture of the document and what it holds", async ({ page, context }) => {
    for (const name of ["photo.jpg", "simple.pdf", "training.mp4"]) {
        const data = await readFile(new URL(`../fixtures/${name}`, import.meta.url));
        const answer = await context.request.post(`/v1/documents?name=cover-${name}`,
            { data, headers: { "Content-Type": "application/octet-stream", "X-Larder-Client": "web" } });
        const { id } = await answer.json();
        await until(async () => (await (await context.request.get(`/v1/documents/${id}`)).json()).status === "ready", `${name} is read`);
    }
    await openLibrary(page);
    for (const [name, held] of [["photo.jpg", "×"], ["simple.pdf", "page"], ["training.mp4", "0:09"]]) {
        const one = row(page, name).first();
        await one.scrollIntoViewIfNeeded();
        await until(() => one.locator("img.cover").evaluate((img) => img.complete && img.naturalWidth >= 50), `a picture of ${name}`);
        ok((await one.locator(".row-meta").textContent()).includes(held), `what ${name} holds: ${await one.locator(".row-meta").textContent()}`);
    }
    await row(page, "training.mp4").first().getByRole("link").first().click();
    await page.waitForSelector(".doc-head .row-meta");
    const meta = await page.locator(".doc-head .row-meta").textContent();
    for (const part of ["0:09", "320 × 180", "h264, aac"]) {
        ok(meta.includes(part), `${part} in ${meta}`);
    }
    await page.locator("summary", { hasText: "Details" }).click();
    const facts = await page.locator(".doc-head dl").textContent();
    for (const part of ["Duration0:09", "Streams", "Video codec"]) {
        ok(facts.includes(part), `${part} in ${facts}`);
    }
}, "server");

test("a picture that does not come gives way to the type", async ({ page }) => {
    await page.route("**/v1/documents/*/pages/**", (route) => route.fulfill({ status: 200, contentType: "image/png", body: "no picture" }));
    await openLibrary(page);
    const pdf = page.locator(".row.ready", { has: page.locator(".row-name", { hasText: ".pdf" }) }).first();
    await until(async () => (await pdf.locator(".badge").textContent()) === "PDF", "the badge stands there");
    equal(await pdf.locator("img.cover").count(), 0, "pictures");
}, "mock");

test("what the server takes in to test itself is nobody's document", async ({ page, url }) => {
    await openLibrary(page);
    await page.waitForSelector("[data-document]");
    const before = await page.locator(".sheet-head .folio").textContent();
    await control(url, "trial");
    await choose(page, [file("after-trial.txt")]); // its row comes by the same road, later
    await row(page, "after-trial").first().waitFor();
    equal(await row(page, "larder-canary").count(), 0, "rows of the trial, as it comes");
    await page.reload();
    await row(page, "after-trial").first().waitFor();
    equal(await row(page, "larder-canary").count(), 0, "rows of the trial, loaded");
    equal(parseInt(await page.locator(".sheet-head .folio").textContent()), parseInt(before) + 1, "documents counted");
}, "mock");
