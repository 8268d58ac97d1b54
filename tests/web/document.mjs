// SPDX-License-Identifier: AGPL-3.0-or-later
// One document: pages with boxes, text with marks, deep links.
import { findDocument, equal, near, ok, test, until } from "./harness.mjs";

const at = (id, place, more = "") => `/documents/${id}?place=${encodeURIComponent(JSON.stringify(place))}${more}`;

/** The edges of the field that the mock paints on every page, as fractions of the picture. */
async function paintedField(page, selector) {
    return page.evaluate(async (sel) => {
        const img = document.querySelector(sel);
        const canvas = document.createElement("canvas");
        canvas.width = img.naturalWidth;
        canvas.height = img.naturalHeight;
        const pen = canvas.getContext("2d");
        pen.drawImage(img, 0, 0);
        const { data, width, height } = pen.getImageData(0, 0, canvas.width, canvas.height);
        let [x0, y0, x1, y1] = [width, height, 0, 0];
        for (let y = 0; y < height; y++) {
            for (let x = 0; x < width; x++) {
                const i = (y * width + x) * 4;
                if (data[i] === 200 && data[i + 1] === 220 && data[i + 2] === 255) {
                    x0 = Math.min(x0, x);
                    y0 = Math.min(y0, y);
                    x1 = Math.max(x1, x + 1);
                    y1 = Math.max(y1, y + 1);
                }
            }
        }
        return [x0 / width, y0 / height, x1 / width, y1 / height];
    }, selector);
}

for (const width of [1280, 390]) {
    test(`at ${width} pixels the box lies on its passage and is in view`, async ({ page, url }) => {
        await page.setViewportSize({ width, height: 844 });
        await page.goto(at(await findDocument(url, "fryer-manual.pdf"), { page: 8, box: [0.12, 0.3, 0.88, 0.38] }));
        const selector = "[data-page='8'] img";
        await page.waitForSelector(selector);
        await until(() => page.evaluate((s) => document.querySelector(s)?.naturalWidth > 0, selector), "the picture is loaded");
        await until(async () => (({ y, height }) => y > 40 && y + height < 844)(await page.locator("[data-page='8'] .box").boundingBox()), "the box is in the window");
        const field = await paintedField(page, selector);
        const img = await page.locator(selector).boundingBox();
        const box = await page.locator("[data-page='8'] .box").boundingBox();
        const edges = [(box.x - img.x) / img.width, (box.y - img.y) / img.height, (box.x + box.width - img.x) / img.width, (box.y + box.height - img.y) / img.height];
        edges.forEach((edge, i) => near(edge * img.width, field[i] * img.width, 2, `edge ${i} in pixels`));
        equal(await page.locator(".box").count(), 1, "boxes");
        equal(await page.getByLabel("Page", { exact: true }).inputValue(), "8", "page number");
        ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "no sideways scrolling");
    }, "mock");
}

test("only pages near the window are loaded", async ({ page, url }) => {
    const pages = new Set();
    page.on("request", (r) => /\/pages\/(\d+)/.test(r.url()) && pages.add(Number(/\/pages\/(\d+)/.exec(r.url())[1])));
    await page.goto(`/documents/${await findDocument(url, "fryer-manual.pdf")}`);
    await page.waitForSelector("[data-page='1'] img");
    await page.waitForTimeout(1000);
    ok(pages.has(1) && pages.size < 8, `loaded: ${[...pages].join(" ")}`);
    await page.getByLabel("Page", { exact: true }).fill("15");
    await page.keyboard.press("Enter");
    await until(() => pages.has(15), "page 15 is asked for");
    await page.getByRole("button", { name: "Previous page" }).dispatchEvent("click"); // a click would scroll first
    await until(async () => (await page.getByLabel("Page", { exact: true }).inputValue()) === "14", "page 14");
}, "mock");

test("several places are marked on their pages", async ({ page, url }) => {
    const places = [{ page: 3, box: [0.1, 0.1, 0.5, 0.2] }, { page: 3, box: [0.1, 0.3, 0.5, 0.4] }, { page: 4, box: [0.1, 0.1, 0.2, 0.2] }];
    await page.goto(at(await findDocument(url, "fryer-manual.pdf"), places));
    await page.waitForSelector(".box");
    equal(await page.locator("[data-page='3'] .box").count(), 2, "boxes on page 3");
    equal(await page.locator("[data-page='4'] .box").count(), 1, "boxes on page 4");
    await page.getByRole("button", { name: "Text", exact: true }).click();
    await page.waitForSelector(".division");
    ok((await page.locator("main").textContent()).includes("Section 3"), "the text of the document");
}, "mock");

for (const [name, place, marked] of [
    ["allergens.csv", { rows: [4, 5] }, ["Fish filletLeftfish, wheat", "Onion ringsRightwheat, milk"]],
    ["cleaning-schedule.xlsx", { sheet: "Tasks", range: "A6:C6" }, ["Fish filletLeftfish, wheat"]],
]) {
    test(`${name} opens with the very rows marked`, async ({ page, url }) => {
        await page.goto(at(await findDocument(url, name), place));
        await page.waitForSelector(".hit-row");
        equal(JSON.stringify(await page.locator(".hit-row").allTextContents()), JSON.stringify(marked), "rows");
    }, "mock");
}

test("slides, sections and lines open with their elements marked and in view", async ({ page, url }) => {
    for (const [name, place, hits, words] of [["food-safety.pptx", { slide: 2 }, 4, "Four rules"],
        ["closing-checklist.docx", { part: "document", section: "4 Cold storage" }, 4, "4 Cold storage"], ["equipment-notes.txt", { lines: [184, 185] }, 1, "E-31"]]) {
        await page.goto(at(await findDocument(url, name), place));
        await page.waitForSelector(".hit");
        equal(await page.locator(".hit").count(), hits, `hits in ${name}`);
        ok((await page.locator(".hit").first().textContent()).includes(words), `the passage of ${name}`);
        const box = () => page.locator(".hit").first().boundingBox();
        await until(async () => (({ y }) => y >= 0 && y < 800)(await box()), `${name} in view`);
    }
}, "mock");

test("a link to a chunk finds its place, and says so when the chunk is gone", async ({ page, url }) => {
    const id = await findDocument(url, "equipment-notes.txt");
    await page.goto(`/documents/${id}?chunk=61`);
    await page.waitForSelector(".hit >> text=E-31");
    await page.goto(`/documents/${id}?chunk=9999`);
    await page.waitForSelector("text=/no longer in the document/");
}, "mock");

test("addresses of nothing are answered in words", async ({ page, expected, isMock }) => {
    expected.push(/status of 404/);
    await page.goto("/documents/nothing-here");
    await page.waitForSelector("text=This document is not here");
    await page.goto("/settings");
    await page.waitForSelector("text=There is no such page");
    if (isMock) { // a stricter server refuses this address itself
        await page.goto("/documents/%E0%A4%A");
        await page.waitForSelector("h1");
    }
});
