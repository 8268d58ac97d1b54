// SPDX-License-Identifier: AGPL-3.0-or-later
// Signing in at a real OpenID provider, the certified oidc-provider, with a real browser: run by run.py as
// oidc_signin.mjs URL PORT CLIENT SECRET MODULES. URL is Larder's, PORT the provider's on "localhost", which for the browser is
// another site than 127.0.0.1, as a provider is in life. Prints `ok NAME` or `not ok NAME: why` for each.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { open } from "../web/harness.mjs";

const [url, port, clientId, secret, modules] = process.argv.slice(2);
const require = createRequire(path.join(modules, "node_modules", "x.js"));
const { default: Provider } = await import(pathToFileURL(require.resolve("oidc-provider")).href);
const { version } = require(path.join(modules, "node_modules", "oidc-provider", "package.json"));

const GROUPS = { lead: ["leads", "staff"], cook: ["staff"], guest: ["visitors"] }; // what each account says of itself
const STEP_MS = 20000;

const provider = new Provider(`http://localhost:${port}`, {
    clients: [{ client_id: clientId, client_secret: secret, redirect_uris: [`${url}/v1/session/oidc/callback`] }],
    claims: { openid: ["sub"], email: ["email"], profile: ["name"], groups: ["groups"] },
    conformIdTokenClaims: false, // Larder reads the ID token; it does not ask for the user info
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id}@kitchen.example`, name: id, groups: GROUPS[id] ?? [] }) }),
    pkce: { required: () => true },
});
const refusals = [];
for (const event of ["authorization.error", "grant.error", "server_error"]) {
    provider.on(event, (_, error) => refusals.push(`${event}: ${error.error_description ?? error.message}`));
}
const listening = provider.listen(Number(port), "127.0.0.1");
const browser = await open();

async function signIn(account, use) {
    const context = await browser.newContext({ baseURL: url });
    context.setDefaultTimeout(STEP_MS);
    const page = await context.newPage();
    try {
        await page.goto("/");
        await page.getByRole("link", { name: "Sign in with your account" }).click();
        await page.locator("input[name=login]").fill(account);
        await page.locator("input[name=password]").fill("any");
        await page.getByRole("button", { name: "Sign-in" }).click();
        await page.getByRole("button", { name: "Continue" }).click();
        await use(page, context);
    } finally {
        await context.close();
    }
}

const session = (page) => page.evaluate(async () => (await fetch("/v1/session")).json());

const tests = {
    "a lead signs in, works and signs out": () => signIn("lead", async (page, context) => {
        await page.getByText("Signed in as lead@kitchen.example (manager)").waitFor();
        assert.equal(new URL(page.url()).pathname, "/");
        await page.waitForSelector(".connection.live");
        assert.equal((await session(page)).who, "oidc:lead");
        const cookies = await context.cookies(url);
        assert.deepEqual(cookies.map((c) => [c.name, c.httpOnly, c.sameSite]), [["larder_session", true, "Strict"]]);
        await page.getByRole("button", { name: "Sign out" }).click();
        await page.getByRole("link", { name: "Sign in with your account" }).waitFor();
        assert.deepEqual(await context.cookies(url), []);
    }),
    "a cook gets the lesser role": () => signIn("cook", async (page) => {
        await page.getByText("Signed in as cook@kitchen.example (viewer)").waitFor();
        assert.ok(!(await session(page)).rights.includes("write"));
    }),
    "an account without a role is told so": () => signIn("guest", async (page, context) => {
        await page.getByText("no access to this Larder").waitFor();
        assert.deepEqual(await context.cookies(`${url}/`), []);
    }),
    "who goes back instead of signing in is told so": async () => {
        const context = await browser.newContext({ baseURL: url });
        context.setDefaultTimeout(STEP_MS);
        const page = await context.newPage();
        await page.goto("/v1/session/oidc");
        await page.getByRole("link", { name: "Cancel" }).click();
        await page.getByText("Back to the sign-in page").waitFor();
        assert.match(refusals.pop(), /abort|denied/); // the provider tells of it, too
        await context.close();
    },
    "the provider had nothing to complain of": async () => assert.deepEqual(refusals, []),
};

let bad = 0;
for (const [name, run] of Object.entries(tests)) {
    try {
        await run();
        console.log(`ok oidc-provider ${version}, ${name}`);
    } catch (error) {
        bad++;
        console.log(`not ok oidc-provider ${version}, ${name}: ${[String(error.message).split("\n").slice(0, 3).join(" "), ...refusals].join("; ")}`);
    }
}
await browser.close();
listening.closeAllConnections();
listening.close();
process.exit(bad ? 1 : 0);
