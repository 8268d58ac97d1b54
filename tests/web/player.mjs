// SPDX-License-Identifier: AGPL-3.0-or-later
// Recordings: a passage opens at its second, a time in the margin seeks. Against a real server only: the mock has no sound.
import { readFile } from "node:fs/promises";
import { near, ok, test, until } from "./harness.mjs";

test("a video opens at the second of its passage and a time in the margin seeks", async ({ page, context }) => {
    const bytes = await readFile(new URL("../fixtures/training.mp4", import.meta.url));
    const answer = await context.request.post("/v1/documents?name=training.mp4",
        { data: bytes, headers: { "Content-Type": "application/octet-stream", "X-Larder-Client": "web" } });
    const { id } = await answer.json();
    await until(async () => (await (await context.request.get(`/v1/documents/${id}`)).json()).status === "ready", "the video is read");
    await page.goto(`/documents/${id}?place=${encodeURIComponent(JSON.stringify({ time: [5, 8] }))}`);
    await page.waitForSelector(".player video");
    await until(() => page.evaluate(() => document.querySelector("video").currentTime > 4), "the player stands at the passage");
    near(await page.evaluate(() => document.querySelector("video").currentTime), 5, 0.5, "second");
    await page.waitForSelector(".el.hit");
    ok((await page.locator(".el.hit").allTextContents()).some((t) => t.includes("Lock the back door")), "the passage is marked");
    await page.locator("button.time", { hasText: "0:00" }).first().click();
    await until(() => page.evaluate(() => document.querySelector("video").currentTime < 3), "the player went back");
    await page.evaluate(() => document.querySelector("video").pause());
}, "server");
