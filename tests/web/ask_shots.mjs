// SPDX-License-Identifier: AGPL-3.0-or-later
// Pictures of the conversation page of a running server, for tools/conversation: node ask_shots.mjs URL FOLDER QUESTION...
// Each question is asked in a conversation of its own; of the first ones the first source is opened, too. Desktop and phone,
// light and dark. LARDER_KEY is the key to sign in with.
import { open } from "./harness.mjs";

const [url, folder, ...questions] = process.argv.slice(2);
const SIZES = [["desktop", { width: 1280, height: 900 }, 1], ["phone", { width: 390, height: 844 }, 2]];
const browser = await open();
for (const [size, viewport, deviceScaleFactor] of SIZES) {
    for (const colorScheme of ["light", "dark"]) {
        const context = await browser.newContext({ viewport, colorScheme, deviceScaleFactor, baseURL: url, isMobile: size === "phone", hasTouch: size === "phone" });
        await context.request.post("/v1/session", { data: { key: process.env.LARDER_KEY }, headers: { "X-Larder-Client": "web" } });
        const page = await context.newPage();
        const shot = async (name) => {
            await page.waitForTimeout(600);
            const file = `${name}-${size}-${colorScheme}.png`;
            await page.screenshot({ path: `${folder}/${file}` });
            console.log(file);
        };
        for (const [n, question] of questions.entries()) {
            await page.goto("/ask");
            await page.getByLabel("Your question").fill(question).catch(async (e) => { await page.screenshot({ path: `${folder}/fail.png` }); throw e; });
            await page.keyboard.press("Enter");
            await page.waitForSelector(".answer:not([aria-busy]) .folio a");
            const name = `${n + 1}-` + question.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
            await shot(name);
            if (await page.locator(".answer.refused").count()) {
                continue;
            }
            await page.locator(".answer .cite").last().click();
            await page.waitForURL(/\/documents\//);
            await page.waitForSelector(".hit, [data-page] img, video, audio, figure img", { timeout: 10000 }).catch(() => undefined);
            await page.waitForTimeout(900);
            await shot(name + "-source");
        }
        await context.close();
    }
}
await browser.close();
