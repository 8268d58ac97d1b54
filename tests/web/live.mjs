// SPDX-License-Identifier: AGPL-3.0-or-later
// Events: resuming, lesser transports, several pages at once.
import { control, equal, ok, test, until } from "./harness.mjs";
import { choose, file, openLibrary, row } from "./library.mjs";

const log = async (url) => (await (await fetch(`${url}/mock/state`)).json()).log;

test("after the socket was cut the stream goes on behind the last event", async ({ page, url, expected }) => {
    expected.push(/WebSocket/, /ERR_/);
    await openLibrary(page);
    await control(url, "set", { hold_at: 3 });
    await choose(page, [file("resume.txt")]);
    await page.waitForSelector("text=/Reading page 2 of 12/");
    await control(url, "drop");
    await control(url, "set", { hold_at: 0 });
    await until(async () => (await row(page, "resume.txt").locator(".state").textContent()) === "Ready", "ready");
    let sockets = [];
    await until(async () => (sockets = (await log(url)).filter((line) => line.startsWith("ws"))).length >= 2, "a second socket");
    const numbers = sockets.map((line) => Number(line.split("=")[1]));
    ok(numbers.at(-1) > numbers[0], `resumed with a later number: ${sockets.join(", ")}`);
    await page.waitForSelector(".connection.live");
}, "mock");

test("what happened while the server was away is there afterwards", async ({ page, url, expected }) => {
    expected.push(/WebSocket/, /ERR_/);
    await openLibrary(page);
    await control(url, "set", { offline: true });
    await control(url, "drop");
    await page.waitForSelector(".connection.lost");
    await control(url, "set", { offline: false, hold: false });
    await fetch(`${url}/v1/documents`, { method: "POST", headers: { "X-Larder-Client": "web" }, body: 'filename="while-away.txt"\r\n\r\nx\r\n--' });
    await page.waitForSelector(".connection.live");
    await until(async () => (await row(page, "while-away.txt").locator(".state").textContent()) === "Ready", "ready");
}, "mock");

test("a long list is loaded again as far as it was, after a break", async ({ page, url, expected }) => {
    expected.push(/WebSocket/, /ERR_/);
    await control(url, "add", { count: 70 });
    await openLibrary(page);
    await page.getByRole("button", { name: "Show more" }).click();
    await until(async () => (await page.locator(".row").count()) === 79, "all rows");
    await control(url, "set", { offline: true });
    await control(url, "drop");
    await page.waitForSelector(".connection.lost");
    await control(url, "add", { count: 5 }); // no event tells of them
    await control(url, "set", { offline: false });
    await page.waitForSelector(".connection.live");
    await until(async () => (await page.locator(".row").count()) === 84, "the new ones, too");
    await page.waitForSelector("text=84 documents");
}, "mock");

test("without WebSocket the page uses server-sent events, without those it asks", async ({ page, url, expected }) => {
    expected.push(/WebSocket/, /status of 501/, /EventSource/);
    await control(url, "set", { no_ws: true });
    await openLibrary(page);
    await choose(page, [file("by-sse.txt")]);
    await until(async () => (await row(page, "by-sse.txt").locator(".state").textContent()) === "Ready", "ready by SSE");
    ok((await log(url)).some((line) => line.startsWith("sse")), "SSE was used");
    await control(url, "set", { no_sse: true });
    await control(url, "drop");
    await page.waitForSelector(".connection.polling");
    await choose(page, [file("by-asking.txt")]);
    await until(async () => (await row(page, "by-asking.txt").locator(".state").textContent()) === "Ready", "ready by asking");
}, "mock");

test("two pages see the same", async ({ page, context }) => {
    await openLibrary(page);
    const other = await context.newPage();
    await openLibrary(other);
    await choose(page, [file("shared-news.txt")]);
    await until(async () => (await row(other, "shared-news.txt").count()) === 1, "the other page has the row");
    await until(async () => (await row(other, "shared-news.txt").locator(".state").textContent()) === "Ready", "ready there");
    await page.getByLabel("Actions for shared-news.txt").click();
    await row(page, "shared-news.txt").getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await until(async () => (await row(other, "shared-news.txt").count()) === 0, "gone there too");
    await until(async () => (await row(page, "shared-news.txt").count()) === 0, "gone here");
});

test("an answer that comes before the first frame is drawn, too", async ({ page }) => {
    await page.addInitScript(() => { // a machine so busy that frames, and what waits for them, come long after the answers
        const later = setTimeout;
        window.requestAnimationFrame = (run) => later(run, 700);
        window.setTimeout = (run, ms, ...rest) => later(run, Math.max(ms ?? 0, 700), ...rest);
    });
    await page.goto("/search?q=oil");
    await page.waitForSelector(".sheet h1");
});
