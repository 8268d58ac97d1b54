// SPDX-License-Identifier: AGPL-3.0-or-later
// Screenshots of the web app for people to look at: node tests/web/shots.mjs URL FOLDER
import { mkdirSync } from "node:fs";
import { open, control, findDocument } from "./harness.mjs";

const [url, folder] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const browser = await open();
for (const [size, viewport] of [["wide", { width: 1280, height: 900 }], ["phone", { width: 390, height: 844 }]]) {
    for (const colorScheme of ["light", "dark"]) {
        await control(url, "reset");
        const context = await browser.newContext({ viewport, colorScheme, deviceScaleFactor: size === "phone" ? 2 : 1, baseURL: url });
        const page = await context.newPage();
        const shot = async (name, fullPage = false) => {
            await page.waitForTimeout(250);
            await page.screenshot({ path: `${folder}/${name}-${size}-${colorScheme}.png`, fullPage });
        };
        await page.goto("/");
        await page.waitForSelector("[data-document]");
        await shot("library", true);
        await control(url, "set", { slow_check: 1 });
        await page.setInputFiles("input[type=file]", ["grill manual.pdf", "refused.pdf", "held.pdf", "menu.docx", "prices.csv"].map((name) =>
            ({ name, mimeType: "application/octet-stream", buffer: Buffer.alloc(90000, name) })));
        await page.waitForSelector("text=Reading page");
        await shot("uploads", size === "phone");
        await control(url, "reset");
        await page.goto("/search?q=fryer%20oil%20filter%20manual");
        await page.waitForSelector(".result");
        await shot("search");
        await page.goto("/search?q=zebra");
        await page.waitForSelector(".empty");
        await shot("nothing");
        const pdf = await findDocument(url, "fryer-manual.pdf");
        await page.goto(`/documents/${pdf}?place=` + encodeURIComponent('{"page":8,"box":[0.12,0.3,0.88,0.38]}'));
        await page.waitForSelector("[data-page='8'] img");
        await page.waitForTimeout(700);
        await shot("pages");
        await page.evaluate(() => scrollTo(0, 0));
        await shot("pages-top");
        for (const [name, place] of [["allergens.csv", { rows: [4, 5] }], ["food-safety.pptx", { slide: 2 }], ["equipment-notes.txt", { lines: [184, 185] }],
            ["closing-checklist.docx", { part: "document", section: "4 Cold storage" }]]) {
            await page.goto(`/documents/${await findDocument(url, name)}?place=${encodeURIComponent(JSON.stringify(place))}`);
            await page.waitForSelector(".hit");
            await shot(name.replace(/\W/g, "-"));
        }
        await page.goto("/");
        await page.click("text=Actions for fryer-manual.pdf >> visible=true").catch(() => page.getByLabel("Actions for fryer-manual.pdf").click());
        await page.click("[data-document] .danger >> visible=true");
        await shot("dialog");
        await control(url, "reset", { empty: true });
        await page.goto("/");
        await page.waitForSelector(".empty");
        await shot("empty");
        await control(url, "set", { need_key: true });
        await page.goto("/");
        await page.waitForSelector("#key");
        await shot("signin");
        await context.close();
    }
}
await browser.close();
