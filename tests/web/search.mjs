// SPDX-License-Identifier: AGPL-3.0-or-later
// Searching, and documents that try to put elements on the page.
import { findDocument, equal, ok, test, until } from "./harness.mjs";
import { choose, file, openLibrary, row } from "./library.mjs";

async function addText(page, name, text) {
    await openLibrary(page);
    await choose(page, [{ ...file(name), buffer: Buffer.from(text) }]);
    await until(async () => (await row(page, name).locator(".state").textContent()) === "Ready", "ready");
}

test("search as you type marks the words and opens the place", async ({ page, isMock }) => {
    const word = "zucchini" + Date.now();
    if (isMock) {
        await openLibrary(page);
    } else {
        await addText(page, `${word}.txt`, `First line.\n\nSlice the ${word} before the lunch peak.\n`);
    }
    let asked = 0;
    page.on("request", (r) => r.url().endsWith("/v1/search") && asked++);
    await page.getByRole("searchbox", { name: "Search all documents" }).pressSequentially(isMock ? "fryer oil" : word, { delay: 25 });
    await page.waitForSelector(".result mark");
    ok(asked >= 1 && asked <= 4, `${asked} requests for one word typed at once`);
    ok(await page.evaluate(() => document.activeElement?.getAttribute("name") === "q"), "the focus stays in the box");
    ok(/^\d+ passages? in [\d.]+ ms$/.test(await page.getByTestId("took").textContent()), "the time is shown");
    const first = page.locator(".result").first();
    equal((await first.locator("mark").first().textContent()).toLowerCase(), isMock ? "fryer" : word, "mark");
    await first.locator("a").click();
    await page.waitForURL(/\/documents\/.+place=/);
    await page.waitForSelector(isMock ? ".box" : ".hit");
    await page.goBack();
    await page.waitForSelector(".result mark");
    ok((await page.getByRole("searchbox", { name: "Search all documents" }).inputValue()).length > 3, "the question is back");
});

test("the newest question wins over a slower older one", async ({ page }) => {
    let slow = true;
    await page.route("**/v1/search", async (route) => {
        const { query } = route.request().postDataJSON();
        if (query === "fryer" && slow) {
            slow = false;
            await new Promise((done) => setTimeout(done, 1200));
        }
        await route.continue().catch(() => {});
    });
    await page.goto("/search?q=fryer");
    await page.getByRole("searchbox", { name: "Search all documents" }).fill("freezer");
    await until(async () => (await page.locator(".result").first().textContent()).includes("freezer"), "results of the newer one");
    await page.waitForTimeout(1400);
    ok((await page.locator(".result").first().textContent()).includes("freezer"), "the older one did not come back");
}, "mock");

test("filters by type and category are in the address and survive a reload", async ({ page }) => {
    await page.goto("/search?q=fryer");
    await page.waitForSelector(".result");
    await page.getByLabel("Type").selectOption("txt");
    await until(async () => (await page.locator(".result").count()) === 1, "one type");
    await page.reload();
    await until(async () => (await page.locator(".result .badge").first().textContent()) === "TXT", "after the reload");
    await page.getByLabel("Category").selectOption("data");
    await page.waitForSelector("text=/Nothing found for/");
    await page.getByRole("button", { name: "Search all types" }).click();
    await until(async () => (await page.locator(".result").count()) >= 2, "all types again");
}, "mock");

test("nothing found comes with help", async ({ page }) => {
    await page.goto("/search?q=qqxzzyv");
    await page.waitForSelector("text=Nothing found for “qqxzzyv”");
    ok(await page.locator(".empty li").count() >= 3, "hints");
});

test("a document cannot put an element on any page", async ({ page, url, isMock }) => {
    const name = '<img src=x onerror="window.hacked=1"> & <b>bold</b>.md';
    if (!isMock) {
        const evil = "# <script>window.hacked=2</script>\n\nOil </mark><img src=x onerror=window.hacked=3> filter hackedoil\n\n" +
            "| <b>a</b> | b |\n|---|---|\n| <img src=x onerror=window.hacked=4> | x |\n";
        await openLibrary(page);
        await choose(page, [{ name: "evil <b onclick=x>.md", mimeType: "text/markdown", buffer: Buffer.from(evil + Date.now()) }]);
        await until(async () => (await row(page, "evil").locator(".state").first().textContent()).startsWith("Ready"), "ready");
    }
    await openLibrary(page);
    const link = page.locator(".row-name a", { hasText: isMock ? "onerror" : "evil" }).first();
    if (isMock) {
        equal(await link.textContent(), name, "the name as it is");
    }
    await page.goto("/search?q=oil+filter");
    await page.waitForSelector(".result mark");
    ok((await page.locator(".results").textContent()).includes("<img src=x"), "the tag is text");
    await openLibrary(page);
    await link.click();
    await page.waitForSelector(".el");
    if (isMock) { // what a reader keeps of HTML in Markdown is the reader's business
        await page.waitForSelector("text=<script>window.hacked");
        await page.waitForSelector("td >> text=<img src=x onerror=window.hacked=4>");
    }
    equal(await page.evaluate(() => window.hacked), undefined, "window.hacked");
    equal(await page.locator("main img[src='x'], main script, main td img").count(), 0, "elements made by the document");
    if (isMock) {
        await page.goto(`/documents/${await findDocument(url, name)}?place=${encodeURIComponent('{"sheet":"<img src=x onerror=window.hacked=5>","range":{}}')}`);
        await page.waitForSelector(".passage-note");
        await page.goto("/search?q=" + encodeURIComponent("<img src=x onerror=window.hacked=6>"));
        await page.waitForTimeout(400);
        equal(await page.evaluate(() => window.hacked), undefined, "window.hacked by address");
    }
});
