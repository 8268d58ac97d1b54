// SPDX-License-Identifier: AGPL-3.0-or-later
// What the browser tests stand on: a browser, the server (the mock, or the one at LARDER_URL), tests as a list, asserts
// that print both sides.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createRequire } from "node:module";

const root = fileURLToPath(new URL("../..", import.meta.url));
const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"];
const TEST_MS = 180000; // only against a test that would never end: a busy machine takes what it takes

export function browserPath() {
    return BROWSERS.find(existsSync);
}

export async function open() {
    const { chromium } = createRequire(import.meta.url)(root + "third_party/playwright-core");
    return chromium.launch({ executablePath: browserPath(), args: FLAGS });
}

/** Starts the mock; returns its address and what ends it. */
export async function startMock(dist) {
    const child = spawn("python3", [root + "tests/web/mock.py", "--dist", dist], { stdio: ["ignore", "pipe", "inherit"] });
    const url = await new Promise((done, fail) => {
        child.stdout.once("data", (text) => done(String(text).trim()));
        child.once("exit", () => fail(new Error("the mock server ended at its start")));
    });
    return { url, stop: () => child.kill() };
}

export async function control(url, what, args = {}) {
    const answer = await fetch(`${url}/mock/${what}`, { method: "POST", body: JSON.stringify(args) });
    if (!answer.ok) {
        throw new Error(`the mock refused ${what}`);
    }
}

export async function findDocument(url, name) {
    const answer = await fetch(`${url}/v1/documents?limit=100`);
    return (await answer.json()).documents.find((d) => d.name === name)?.id;
}

const tests = [];
/** needs: "mock" (flows that a real server can't be told to go through), "server" (what the mock has not), or nothing. */
export function test(name, run, needs = "") {
    tests.push({ name, run, needs });
}

export function equal(got, wanted, what) {
    if (got !== wanted) {
        throw new Error(`${what}: got ${JSON.stringify(got)}, wanted ${JSON.stringify(wanted)}`);
    }
}

export function near(got, wanted, within, what) {
    if (!(Math.abs(got - wanted) <= within)) {
        throw new Error(`${what}: got ${got}, wanted ${wanted} within ${within}`);
    }
}

export function ok(value, what) {
    if (!value) {
        throw new Error(what);
    }
}

/** Asks again until the answer is true; the last answer is what a failure shows. */
export async function until(ask, what, ms = 30000) {
    const end = Date.now() + ms;
    let last;
    do {
        last = await ask();
        if (last) {
            return last;
        }
        await new Promise((done) => setTimeout(done, 50));
    } while (Date.now() < end);
    throw new Error(`${what}: not within ${ms} ms (last: ${JSON.stringify(last)})`);
}

/** part of parts, counted from 1: so that several processes share the tests. */
export async function runAll({ url, isMock, key, part = 1, parts = 1 }) {
    const browser = await open();
    const counts = { passed: 0, failed: 0, skipped: 0 };
    const only = process.env.LARDER_WEB_ONLY; // parts of names with | between, while working on some
    for (const { name, run, needs } of tests.filter((t) => !only || only.split("|").some((words) => t.name.includes(words))).filter((_, i) => i % parts === part - 1)) {
        if (needs === "mock" && !isMock) {
            counts.skipped++;
            console.log(`skip ${name} (needs the mock server)`);
            continue;
        }
        if (needs === "server" && isMock) {
            counts.skipped++;
            console.log(`skip ${name} (needs a real server)`);
            continue;
        }
        if (isMock) {
            await control(url, "reset");
        }
        const context = await browser.newContext({ baseURL: url, viewport: { width: 1280, height: 900 }, acceptDownloads: true });
        if (key) {
            await context.request.post("/v1/session", { data: { key }, headers: { "X-Larder-Client": "web" } });
        }
        context.setDefaultTimeout(60000);
        const page = await context.newPage();
        const noise = [];
        const expected = []; // patterns of console errors that the test brings about on purpose
        const made = []; // documents that the test adds to a real server are taken away again
        context.on("response", (r) => r.status() === 201 && made.push(r.headers().location));
        page.on("console", (m) => m.type() === "error" && noise.push(m.text()));
        page.on("pageerror", (e) => noise.push("exception: " + e.message));
        let timer;
        const began = performance.now();
        const took = () => `${((performance.now() - began) / 1000).toFixed(1)} s`;
        try {
            await Promise.race([run({ page, context, url, isMock, key, expected, noise }),
                new Promise((_, fail) => (timer = setTimeout(() => fail(new Error(`took over ${TEST_MS} ms`)), TEST_MS)))]);
            const bad = noise.filter((text) => !expected.some((pattern) => pattern.test(text)));
            equal(bad.length, 0, `console errors ${JSON.stringify(bad.slice(0, 3))}`);
            counts.passed++;
            console.log(`ok   ${name}: ${took()}`);
        } catch (error) {
            counts.failed++;
            console.log(`FAIL ${name}: ${String(error.message).split("\n")[0]}`);
            if (process.env.LARDER_WEB_SHOTS) {
                await page.screenshot({ path: `${process.env.LARDER_WEB_SHOTS}/fail-${counts.failed}.png` }).catch(() => {});
            }
        }
        clearTimeout(timer);
        for (const path of isMock ? [] : made.filter(Boolean)) {
            await context.request.delete(path, { headers: { "X-Larder-Client": "web" } }).catch(() => {});
        }
        await context.close();
    }
    await browser.close();
    return counts;
}
