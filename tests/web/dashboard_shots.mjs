// SPDX-License-Identifier: AGPL-3.0-or-later
// Pictures of the dashboard of a running server, for tools/screenshots: node dashboard_shots.mjs URL FOLDER NAME PAGE...
// Each PAGE is an address such as /dashboard?range=1h. Of each: desktop and phone, light and dark, the first screen and all of
// it. LARDER_KEY is the key to sign in with; it is given by the environment so that it stands in no list of processes.
import { mkdirSync } from "node:fs";
import { open } from "./harness.mjs";

const [url, folder, name, ...pages] = process.argv.slice(2);
const SIZES = [["desktop", { width: 1280, height: 900 }, 1], ["phone", { width: 390, height: 844 }, 2]];

mkdirSync(folder, { recursive: true });
const browser = await open();
for (const [size, viewport, deviceScaleFactor] of SIZES) {
    for (const colorScheme of ["light", "dark"]) {
        const context = await browser.newContext({ viewport, colorScheme, deviceScaleFactor, baseURL: url });
        if (process.env.LARDER_KEY) {
            await context.request.post("/v1/session", { data: { key: process.env.LARDER_KEY }, headers: { "X-Larder-Client": "web" } });
        }
        const page = await context.newPage();
        for (const path of pages) {
            const what = /^\/(\w+)(?:\?.*?(?:range|alert)=(\w+))?/.exec(path);
            await page.goto(path);
            await page.waitForSelector(what[1] === "dashboard" ? ".plot canvas" : ".sheet table, .sheet .empty");
            await page.waitForTimeout(700);
            const file = `${folder}/${name}-${what[1]}${what[2] ? "-" + what[2] : ""}-${size}-${colorScheme}`;
            await page.screenshot({ path: file + ".png" });
            await page.screenshot({ path: file + "-whole.png", fullPage: true });
            console.log(file.split("/").pop() + ".png");
        }
        await context.close();
    }
}
await browser.close();
