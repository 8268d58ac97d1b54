// SPDX-License-Identifier: AGPL-3.0-or-later
// Pictures of pages of a running server, for tools/screenshots: node page_shots.mjs URL FOLDER STATE NAME=PAGE...
// Each PAGE is an address such as /dashboard?range=1h. Of each: desktop and phone, light and dark, the first screen and all of
// it. LARDER_KEY is the key to sign in with; it is given by the environment so that it stands in no list of processes.
// The machine may be busy with what the pictures show: waits are long, a page that fails is tried once more, and one that fails
// twice is named, ends the run with 1, but leaves the others.
import { mkdirSync } from "node:fs";
import { open } from "./harness.mjs";

const [url, folder, state, ...pages] = process.argv.slice(2);
const SIZES = [["desktop", { width: 1280, height: 900 }, 1], ["phone", { width: 390, height: 844 }, 2]];
const WAIT_MS = 60000, SETTLE_MS = 900, TRIES = 2;
/** What is there when a page shows its contents, by the beginning of its address. */
const SHOWN = [["/dashboard", ".plot canvas"], ["/keys", ".sheet table, .sheet .empty"], ["/audit", ".sheet table, .sheet .empty"], ["/verify", ".verdict"],
    ["/search", ".result, .empty"], ["/ask/", ".answer:not([aria-busy])"], ["/ask", "textarea"], ["/documents/", ".hit, [data-page] img"], ["/", "[data-document]"]];

async function shoot(page, path, file) {
    const failed = [];
    page.on("pageerror", (error) => failed.push(error.message));
    await page.goto(path, { waitUntil: "domcontentloaded" });
    await page.waitForSelector(SHOWN.find(([start]) => path.startsWith(start))[1]);
    await page.evaluate(() => document.fonts.ready);
    await page.waitForTimeout(SETTLE_MS);
    if (failed.length) {
        throw new Error(failed[0]);
    }
    await page.screenshot({ path: file + ".png", animations: "disabled", timeout: WAIT_MS });
    await page.screenshot({ path: file + "-whole.png", fullPage: true, animations: "disabled", timeout: WAIT_MS });
}

mkdirSync(folder, { recursive: true });
let missing = 0;
const browser = await open();
for (const [size, viewport, deviceScaleFactor] of SIZES) {
    for (const colorScheme of ["light", "dark"]) {
        const phone = size === "phone";
        const context = await browser.newContext({ viewport, colorScheme, deviceScaleFactor, baseURL: url, isMobile: phone, hasTouch: phone });
        context.setDefaultTimeout(WAIT_MS);
        if (process.env.LARDER_KEY) {
            await context.request.post("/v1/session", { data: { key: process.env.LARDER_KEY }, headers: { "X-Larder-Client": "web" } });
        }
        for (const one of pages) {
            const at = one.indexOf("="), name = `${state}-${one.slice(0, at)}-${size}-${colorScheme}`;
            for (let left = TRIES; left > 0;) {
                const page = await context.newPage(); // a fresh one each: what broke in one stays there
                try {
                    await shoot(page, one.slice(at + 1), `${folder}/${name}`);
                    console.log(name + ".png");
                    left = 0;
                } catch (error) {
                    left--;
                    if (left === 0) {
                        missing++;
                        console.log(`MISSING ${name}: ${String(error.message).split("\n")[0]}`);
                    }
                }
                await page.close();
            }
        }
        await context.close();
    }
}
await browser.close();
process.exitCode = missing ? 1 : 0;
