// SPDX-License-Identifier: AGPL-3.0-or-later
// The dashboard over measurements made up here (the routes it asks are answered by the test), and once over a real server's.
import { control, equal, ok, test, until } from "./harness.mjs";
import { weakTexts } from "./contrast.mjs";

const RULES = [{ name: "memory_use", title: "Memory use", severity: "critical", enabled: true, direction: "above", raise: 0.85, unit: "ratio", plot: "resources" },
    { name: "upload_success_rate", title: "Upload success rate", severity: "warning", enabled: true, direction: "below", raise: 0.95, unit: "ratio", plot: "upload_rate" }];

function alert(rule, more = {}) {
    return { rule: rule.name, title: rule.title, severity: rule.severity, state: "ok", firing: false, label: "", word: "", value: 0.4, threshold: rule.raise,
        direction: "above", unit: rule.unit, group: "g", plot: rule.plot, advice: "Give the server more memory.", since: new Date().toISOString(),
        fired_at: null, told_at: null, acknowledged_at: null, held: null, ...more };
}

const NAMES = { larder_uploads_total: [{ type: "pdf", outcome: "accepted" }, { type: "pdf", outcome: "rejected" }, { type: "docx", outcome: "accepted" }],
    larder_documents_processed_total: [{ type: "pdf", outcome: "ready" }, { type: "pdf", outcome: "dead" }, { type: "docx", outcome: "ready" }],
    larder_jobs: [{ state: "queued" }, { state: "running" }, { state: "dead" }], larder_stage_seconds_p95: [{ stage: "read" }, { stage: "search" }],
    larder_pressure_ratio: [{ resource: "cpu" }, { resource: "io" }], larder_http_responses_total: [{ status: "2xx" }, { status: "5xx" }],
    larder_reader_ends_total: [{ end: "done" }, { end: "crashed" }] };
const RATIOS = /ratio/;

/** As /v1/metrics/query answers. */
function history(url) {
    const asked = new URL(url).searchParams;
    const seconds = -Number(asked.get("from"));
    const step = Math.max(15, Math.ceil(seconds / 300)), points = Math.ceil(seconds / step) + 1;
    const from = Math.floor(Date.now() / 1000 / step) * step - (points - 1) * step;
    const series = asked.get("name").split(",").flatMap((name) => (NAMES[name] ?? [{}]).map((labels, n) => {
        const counter = /_total$|_sum$|_count$/.test(name);
        const bad = /rejected|dead|5xx|crashed/.test(Object.values(labels).join());
        const values = Array.from({ length: points }, (_, i) => i === 0 ? null : RATIOS.test(name) ? 0.4 + 0.1 * Math.sin(i / 20 + n) :
            bad ? Number(i % 40 === 0) : counter ? 3 + (i * (n + 3)) % 5 : name.includes("bytes") ? 4e10 - i * 1e6 : 2 + Math.sin(i / 9 + n));
        return { name, labels, kind: counter ? "increase" : "reading", unit: name.match(/(seconds|bytes|ratio)/)?.[1] ?? "", values, ...(counter ? {} : { max: values }) };
    }));
    return { from, step, points, series };
}

const CHANGES = ["critical", "ok"].map((state, id) => ({ id: 9 - id, time: new Date(Date.now() - 3600000).toISOString(),
    alert: alert(RULES[0], { state, firing: state !== "ok", from: state === "ok" ? "firing" : "pending" }) }));

async function feed(page, alerts, posted = [], more = {}) {
    const json = (route, body, status = 200) => route.fulfill({ status, contentType: "application/json", body: JSON.stringify(body) });
    await page.route("**/v1/metrics/query*", (route) => json(route, history(route.request().url())));
    await page.route("**/v1/alerts", (route) => json(route, { alerts: alerts(), silences: [], channels: [], ...more }));
    await page.route("**/v1/alerts/rules", (route) => json(route, { file_error: null, rules: RULES }));
    await page.route("**/v1/alerts/history*", (route) => json(route, { changes: CHANGES }));
    for (const act of ["acknowledge", "silences"]) {
        await page.route("**/v1/alerts/" + act, (route) => {
            posted.push([act, route.request().postDataJSON()]);
            return json(route, {}, 200);
        });
    }
}

const calm = () => RULES.map((r) => alert(r));
const alarm = () => [alert(RULES[0], { state: "critical", firing: true, value: 0.91, fired_at: new Date(Date.now() - 600000).toISOString() }), alert(RULES[1])];

test("the dashboard says in one look that all is well, with figures and plots", async ({ page }) => {
    await feed(page, calm);
    await page.goto("/dashboard");
    await page.waitForSelector(".plot canvas");
    equal(await page.textContent(".verdict-words"), "All is well", "status");
    ok((await page.locator(".plot canvas").count()) >= 20, "plots are drawn");
    const drawn = await page.evaluate(() => {
        const canvas = document.querySelector("#plot-resources canvas");
        const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        let inked = 0;
        for (let i = 3; i < data.length; i += 4) {
            inked += data[i] > 0;
        }
        return inked;
    });
    ok(drawn > 500, `the memory plot has ink: ${drawn}`);
    ok((await page.textContent(".types tbody")).includes("pdf"), "file types are told apart");
    ok((await page.textContent("#plot-resources .legend")).includes("critical over 85 %"), "the threshold stands beside the plot");
    ok((await page.title()).startsWith("Dashboard"), "the title");
});

test("an alert stands first, links to its plot, and can be looked after or silenced", async ({ page }) => {
    const posted = [];
    await feed(page, alarm, posted);
    await page.goto("/dashboard");
    await page.waitForSelector(".alert");
    equal(await page.textContent(".verdict-words"), "1 alert, the worst is critical", "status");
    const card = page.locator("[data-rule=memory_use]");
    ok((await card.textContent()).includes("91 %") && (await card.textContent()).includes("over 85 %"), "measured and threshold");
    await page.click("text=What happened lately");
    ok((await page.textContent(".lately")).includes("Memory use, well again"), "the end of the last alert");
    ok((await card.textContent()).includes("Give the server more memory."), "advice");
    ok(await page.locator("#plot-resources.alarm").count(), "its plot is marked");
    await card.getByText("Show its plot").click();
    await until(() => page.evaluate(() => { const r = document.getElementById("plot-resources").getBoundingClientRect(); return r.top >= 0 && r.top < innerHeight; }), "the plot is in view");
    await card.getByText("I look after it").click();
    await card.getByText("Silence for an hour").click();
    await until(() => posted.length === 2, "both were sent");
    equal(JSON.stringify(posted), JSON.stringify([["acknowledge", { rule: "memory_use", word: "" }], ["silences", { rule: "memory_use", word: "", minutes: 60 }]]), "what was sent");
});

test("the link of a message leads to the plot of its rule", async ({ page }) => {
    await feed(page, alarm);
    await page.goto("/dashboard?alert=memory_use");
    await page.waitForSelector("#plot-resources canvas");
    await until(() => page.evaluate(() => { const r = document.getElementById("plot-resources").getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight + 50; }), "the plot is in view");
});

test("from an hour to two years, on a desk and on a phone, in light and dark, nothing sticks out", async ({ page }) => {
    await feed(page, alarm);
    for (const [width, colorScheme, range] of [[1280, "light", "1h"], [390, "dark", "24h"], [390, "light", "2y"], [1280, "dark", "90d"]]) {
        await page.setViewportSize({ width, height: 844 });
        await page.emulateMedia({ colorScheme });
        await page.goto("/dashboard?range=" + range);
        await page.waitForSelector(".plot canvas");
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        ok(wide <= width, `${range} at ${width}: ${wide} px wide`);
        equal(JSON.stringify(await weakTexts(page)), "[]", `contrast, ${colorScheme}`);
        equal(await page.getAttribute(`.ranges a[href$="=${range}"]`, "aria-current"), "true", "the range is marked");
        if (process.env.LARDER_WEB_SHOTS) {
            await page.waitForTimeout(300);
            await page.screenshot({ path: `${process.env.LARDER_WEB_SHOTS}/alarm-${range}-${width}-${colorScheme}.png` });
        }
    }
});

test("the dashboard's script comes only with the dashboard, once", async ({ page, context }) => {
    const fetched = [];
    page.on("request", (r) => /dashboard\.(js|css)$/.test(r.url()) && fetched.push(r.url()));
    await feed(page, calm);
    await page.goto("/");
    await page.waitForSelector("h1");
    equal(fetched.length, 0, "on the library's page");
    await page.click("text=Dashboard");
    await page.waitForSelector(".plot canvas");
    await page.click("text=Library");
    await page.waitForSelector(".plot canvas", { state: "detached" });
    await page.click("text=Dashboard");
    await page.waitForSelector(".plot canvas");
    equal(fetched.length, 2, "script and style");
    const size = (await (await context.request.get("/dashboard.js")).body()).length;
    ok(size <= 80 * 1024, `dashboard.js has ${size} bytes`); // as web/build.py has it
});

test("without an answer the dashboard says that what it shows may be old", async ({ page, expected }) => {
    expected.push(/Failed to load resource/);
    await feed(page, calm);
    await page.goto("/dashboard");
    await page.waitForSelector(".plot canvas");
    await page.route("**/v1/alerts", (route) => route.abort());
    await page.waitForSelector(".dashboard .trouble");
    ok((await page.locator(".plot canvas").count()) > 0, "the plots stay");
});

test("what is broken in telling people is said, and silences can be ended", async ({ page }) => {
    const ended = [];
    await feed(page, alarm, [], { channels: [{ channel: "webhook", sent: 0, failed: 2, dropped: 0, last_error: "Nobody answers at the webhook's address." }],
        silences: [{ id: 4, rule: "memory_use", word: "", until: new Date(Date.now() + 3e6).toISOString(), maintenance: false, comment: "New memory comes on Friday." }] });
    await page.route("**/v1/alerts/silences/4", (route) => { ended.push(route.request().method()); return route.fulfill({ status: 204 }); });
    await page.goto("/dashboard");
    await page.waitForSelector(".lost-channel");
    ok((await page.textContent(".verdict")).includes("Messages by the webhook do not arrive."), "the broken channel");
    ok((await page.textContent(".silences")).includes("New memory comes on Friday."), "the silence");
    await page.click(".silences button");
    await until(() => ended.join() === "DELETE", "it ends");
});

test("plots are walked by keyboard and told to screen readers", async ({ page }) => {
    await feed(page, calm);
    await page.goto("/dashboard");
    await page.waitForSelector("#plot-resources canvas");
    const name = await page.getAttribute("#plot-resources .canvas", "aria-label");
    ok(/Memory, of the limit that binds\. memory now [\d.]+ %, lowest [\d.]+ %, highest [\d.]+ %\. critical over 85 %/.test(name), name);
    await page.focus("#plot-resources .canvas");
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowRight");
    const time = await page.textContent("#plot-resources .plot-time");
    await until(async () => /memory [\d.]+ %/.test(await page.textContent("[aria-live]")), "the values are spoken");
    await page.keyboard.press("End");
    ok(time && time !== (await page.textContent("#plot-resources .plot-time")), "the time changes");
    await page.keyboard.press("Escape");
    equal(await page.locator("#plot-resources .plot-time").count(), 0, "times after Escape");
    const levels = await page.evaluate(() => [...document.querySelectorAll("main h1, main h2, main h3")].map((h) => Number(h.tagName[1])));
    ok(levels.every((l, i) => i === 0 ? l === 1 : l <= levels[i - 1] + 1), `headings in order: ${levels}`);
});

test("who may not manage sees alerts without buttons", async ({ page, url }) => {
    await control(url, "role", { role: "viewer", rights: ["monitor"] });
    await feed(page, alarm);
    await page.goto("/dashboard");
    await page.waitForSelector(".alert");
    equal(await page.locator(".alert button").count(), 0, "buttons");
    ok(await page.locator(".alert .acts a").count(), "the link to the plot");
}, "mock");

test("every default rule has a plot with its threshold", async ({ page, context }) => {
    const rules = (await (await context.request.get("/v1/alerts/rules")).json()).rules;
    ok(rules.length >= 17, `${rules.length} rules`);
    await page.goto("/dashboard");
    await page.waitForSelector(".plot canvas");
    for (const r of rules.filter((one) => !["scanner", "certificate"].includes(one.plot))) { // those plots are there where a scanner, TLS is set
        const plot = r.unit === "x" ? "burn" : r.plot;
        ok(await page.locator("#plot-" + plot).count(), `${r.name}: plot ${plot}`);
        ok(plot === "types" || (await page.textContent(`#plot-${plot} .legend`)).includes(`${r.severity} ${r.direction === "above" ? "over" : "under"}`), `${r.name}: its threshold`);
    }
}, "server");

test("a real server's dashboard asks for its data twice, and paints before it has them", async ({ page }) => {
    await page.goto("/dashboard");
    await page.waitForSelector(".plot canvas");
    await page.waitForSelector(".verdict");
    const times = await page.evaluate(() => ({ paint: performance.getEntriesByName("first-contentful-paint")[0].startTime,
        data: performance.getEntriesByType("resource").filter((r) => r.name.includes("/v1/metrics/query")).map((r) => r.duration) }));
    ok(times.paint > 0 && times.data.length === 2, `first paint after ${times.paint} ms, data after ${times.data} ms`); // how fast: bench/watch
}, "server");
