// SPDX-License-Identifier: AGPL-3.0-or-later
// Who may come in, and how people without a mouse, or with the page's rules against them, get on.
import { control, equal, ok, test, until } from "./harness.mjs";
import { weakTexts } from "./contrast.mjs";
import { choose, file, openLibrary, row } from "./library.mjs";

test("without a key the page asks for one, and goes on where it was", async ({ page, url, expected }) => {
    expected.push(/status of 401/, /WebSocket/);
    await control(url, "set", { need_key: true });
    await page.goto("/search?q=fryer");
    await page.waitForSelector("text=Sign in to Larder");
    equal(await page.evaluate(() => document.activeElement?.id), "key", "focus");
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=Type or paste your access key");
    await page.keyboard.type("wrong");
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=This key is not known");
    await page.fill("#key", "larder-test-key");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".result mark");
    await page.waitForSelector(".connection.live");
    equal(await page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage }).includes("larder-test-key")), false, "the key is kept by scripts");
    equal(await page.evaluate(() => document.cookie), "", "cookies that scripts see");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForSelector("text=Sign in to Larder");
}, "mock");

test("the sign-in page has a provider's button only where one is set up", async ({ page, url, expected }) => {
    expected.push(/status of 401/, /WebSocket/);
    await control(url, "set", { need_key: true });
    await page.goto("/");
    await page.waitForSelector("text=Sign in to Larder");
    equal(await page.locator(".sign-in-provider").count(), 0, "buttons without a provider");
    await control(url, "set", { need_key: true, oidc: "Sign in with <Kitchen>" });
    await page.reload();
    const button = page.getByRole("link", { name: "Sign in with <Kitchen>" });
    await button.waitFor();
    equal(await button.getAttribute("href"), "/v1/session/oidc", "where it leads");
    ok((await button.boundingBox()).height >= 44, "large enough for a finger");
}, "mock");

test("a session that ends while the page is open leads to the sign-in page", async ({ page, url, expected }) => {
    expected.push(/status of 401/, /WebSocket/);
    await openLibrary(page);
    await control(url, "set", { need_key: true });
    await control(url, "drop");
    await page.waitForSelector("text=Sign in to Larder");
}, "mock");

test("everything is reached by keyboard alone, with the focus in sight", async ({ page }) => {
    await openLibrary(page);
    await choose(page, [file("keyboard-walk.txt")]);
    await until(async () => (await row(page, "keyboard-walk.txt").locator(".state").textContent()) === "Ready", "ready");
    const focus = () => page.evaluate(() => {
        const e = document.activeElement;
        const style = getComputedStyle(e);
        const seen = style.outlineStyle !== "none" || getComputedStyle(e.closest(".result") ?? e).outlineStyle !== "none";
        return { name: e.getAttribute("aria-label") || e.textContent.trim() || e.getAttribute("name") || e.tagName, seen, tag: e.tagName };
    });
    await page.evaluate(() => document.activeElement.blur());
    const names = [];
    for (let i = 0; i < 60 && !names.includes("Actions for keyboard-walk.txt"); i++) {
        await page.keyboard.press("Tab");
        const now = await focus();
        names.push(now.name);
        ok(now.seen, `the focus on ${now.name} is not to be seen`);
    }
    equal(names[0], "Skip to the page", "first stop");
    for (const name of ["Search all documents", "Library", "Add documents", "keyboard-walk.txt", "Actions for keyboard-walk.txt"]) {
        ok(names.includes(name), `not reached: ${name}`);
    }
    await page.keyboard.press("Enter");
    for (let i = 0; i < 3; i++) {
        await page.keyboard.press("Tab");
    }
    equal((await focus()).name, "Delete", "the last action");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog[open]");
    equal((await focus()).name, "Cancel", "the harmless answer has the focus");
    await page.keyboard.press("Escape");
    equal(await page.locator("dialog[open]").count(), 0, "open dialogs");
    equal((await focus()).name, "Delete", "the focus is back");
    await page.getByLabel("Actions for keyboard-walk.txt").focus();
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/documents\//);
    await until(() => page.evaluate(() => document.activeElement?.tagName === "H1"), "the focus is on the heading");
});

test("targets are large enough for a thumb", async ({ page }) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await openLibrary(page);
    await choose(page, [file("thumb.txt")]);
    await page.waitForSelector("text=thumb.txt");
    await page.getByLabel("Actions for thumb.txt").click();
    const small = await page.evaluate(() => [...document.querySelectorAll("main button, main select, main input:not([hidden]), main .button, header a, header input")]
        .filter((e) => e.checkVisibility() && !e.classList.contains("link"))
        .map((e) => [e.getAttribute("aria-label") || e.textContent || e.name, Math.round(e.getBoundingClientRect().height), Math.round(e.getBoundingClientRect().width)])
        .filter(([, h, w]) => h < 44 || w < 44));
    equal(JSON.stringify(small), "[]", "too small");
    ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "no sideways scrolling");
});

test("contrast of all text is at least 4.5 to 1, light and dark", async ({ page, expected }) => {
    expected.push(/status of 422/);
    for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        for (const path of ["/", "/search?q=fryer", "/search?q=qqq"]) {
            await page.goto(path);
            await page.waitForSelector(path === "/" ? ".connection.live" : ".sheet h1");
            await page.waitForTimeout(300);
            const weak = await weakTexts(page);
            equal(JSON.stringify(weak), "[]", `${path} ${colorScheme}`);
        }
    }
});

test("the page keeps to its content security policy and loads nothing from elsewhere", async ({ page, context, url }) => {
    const answer = await context.request.get("/");
    const policy = answer.headers()["content-security-policy"] ?? "";
    ok(policy.includes("default-src 'none'") && policy.includes("script-src 'self'") && !policy.includes("unsafe"), `policy: ${policy}`);
    const elsewhere = [];
    page.on("request", (r) => !r.url().startsWith(url) && !r.url().startsWith(url.replace("http", "ws")) && elsewhere.push(r.url()));
    await page.addInitScript(() => addEventListener("securitypolicyviolation", (e) => console.error("CSP " + e.violatedDirective)));
    await openLibrary(page);
    await page.goto("/search?q=oil");
    await page.waitForSelector("h1");
    equal(elsewhere.join(" "), "", "requests elsewhere");
    const size = (await (await context.request.get("/app.js")).body()).length;
    ok(size <= 80 * 1024, // as web/build.py has it
        `app.js has ${size} bytes`);
});
