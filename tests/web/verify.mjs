// SPDX-License-Identifier: AGPL-3.0-or-later
// The page Readiness over a run made up here: it begins, checks come in, what failed stands first with what to do next.
import { equal, ok, test, until } from "./harness.mjs";

const TABLE = [["type.pdf", "File types"], ["type.wav", "File types"], ["time.checks", "Promised times"], ["clean.up", "Cleaning up"]];

function reportOf(states, result, more = {}) {
    const checks = TABLE.map(([id, category], i) => ({ id, category, proves: `It proves ${id}`, status: states[i], value: id === "time.checks" ? 164.2 : null,
        unit: id === "time.checks" ? "ms" : null, limit: id === "time.checks" ? 100 : null, took_ms: 5, text: states[i] === "waiting" ? "" : `Seen at ${id}.`,
        advice: states[i] === "fail" ? `Repair ${id}.` : null }));
    const number = (s) => states.filter((x) => x === s).length;
    return { result, version: "0.1.0", started_at: new Date().toISOString(), took_ms: 4000, error: null, passed: number("pass"), failed: number("fail"),
        skipped: number("skipped"), checks, ...more };
}

async function feed(page, state, posted = []) {
    const json = (route, body, status = 200) => route.fulfill({ status, contentType: "application/json", body: JSON.stringify(body) });
    await page.route("**/v1/session", (route) => json(route, { who: "x", role: "x", rights: state.rights, partitions: [] }));
    await page.route("**/v1/verify**", (route) => {
        if (route.request().method() === "POST") {
            posted.push(new URL(route.request().url()).pathname);
            state.begun?.();
            return json(route, { id: "r1", report: state.report }, 202);
        }
        return json(route, { id: state.report ? "r1" : null, report: state.report });
    });
}

test("a run is begun, comes in check by check, and ends with what failed first", async ({ page }) => {
    const posted = [], state = { rights: ["monitor", "admin"], report: null };
    state.begun = () => { state.report = reportOf(["running", "waiting", "waiting", "waiting"], "running"); };
    await feed(page, state, posted);
    await page.goto("/verify");
    await page.click("text=Try this server");
    await page.waitForSelector(".check.running");
    equal(posted[0], "/v1/verify", "what was posted");
    state.report = reportOf(["pass", "skipped", "running", "waiting"], "running");
    await page.waitForSelector("[data-check='type.pdf'].pass");
    equal(await page.textContent(".verdict-words"), "Trying: 2 of 4", "how far it is");
    ok((await page.textContent("[data-check='type.wav']")).includes("Skipped, because"), "a skip says why");
    state.report = reportOf(["pass", "skipped", "fail", "pass"], "fail");
    await page.waitForSelector(".verdict.error");
    equal(await page.textContent(".verdict-words"), "Not ready: 1 check failed", "the end");
    ok((await page.textContent(".broken")).includes("Repair time.checks."), "advice stands first");
    ok((await page.textContent("[data-check='time.checks'] .check-figure")).includes("164 ms of 100 ms"), "measured and limit");
    equal(await page.getAttribute("a[download]", "href"), "/v1/verify/r1/junit", "the report for pipelines");
    ok((await page.title()).startsWith("Readiness"), "the title");
});

test("a run under way can be stopped, by who may", async ({ page }) => {
    const posted = [], state = { rights: ["monitor", "admin"], report: reportOf(["pass", "running", "waiting", "waiting"], "running") };
    await feed(page, state, posted);
    await page.goto("/verify");
    await page.click("text=Stop");
    await until(() => posted.length === 1, "it was sent");
    equal(posted[0], "/v1/verify/r1/cancel", "what was posted");
    state.report = reportOf(["pass", "waiting", "waiting", "pass"], "cancelled", { error: "Stopped before the end." });
    await page.waitForSelector(".verdict.warning");
    equal(await page.textContent(".verdict-words"), "Stopped before the end", "the end");
});

test("who may only watch sees the report and no button", async ({ page, expected }) => {
    expected.push(/status of 404/); // the dashboard's own data: not what is looked at here
    await feed(page, { rights: ["monitor"], report: reportOf(["pass", "pass", "pass", "pass"], "pass") });
    await page.goto("/dashboard");
    await page.click("text=Readiness");
    await page.waitForSelector(".verdict.well");
    equal(await page.textContent(".verdict-words"), "This Larder is ready", "the verdict");
    equal(await page.locator("button.primary").count(), 0, "buttons that begin");
});
