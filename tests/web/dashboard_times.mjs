// SPDX-License-Identifier: AGPL-3.0-or-later
// How fast the dashboard of a running server is there, for bench/watch: node dashboard_times.mjs URL RUNS, the key on standard
// input. Prints a list of {paint, data, drawn} in milliseconds; each run has a context of its own, so nothing is cached.
import { readFileSync } from "node:fs";
import { open } from "./harness.mjs";

const [url, runs] = process.argv.slice(2);
const key = readFileSync(0, "utf8").trim();
const browser = await open();
const found = [];
for (let i = 0; i < Number(runs); i++) {
    const context = await browser.newContext({ baseURL: url, viewport: { width: 1280, height: 900 } });
    await context.request.post("/v1/session", { data: { key }, headers: { "X-Larder-Client": "web" } });
    const page = await context.newPage();
    await page.goto("/dashboard");
    await page.waitForSelector(".plot canvas");
    found.push(await page.evaluate(async () => {
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        return { paint: performance.getEntriesByName("first-contentful-paint")[0].startTime, drawn: performance.now(),
            data: Math.max(...performance.getEntriesByType("resource").filter((r) => r.name.includes("/v1/metrics/query")).map((r) => r.duration)) };
    }));
    await context.close();
}
await browser.close();
console.log(JSON.stringify(found));
