// SPDX-License-Identifier: AGPL-3.0-or-later
// Runs the tests of the web app: one line a test, then the total.
//   tests/web/run --dist DIR            against the mock server, with the app built in DIR
//   LARDER_URL=… tests/web/run          against a real server; LARDER_KEY is its access key, if it asks for one
//   … --part 1/3                        only every third test, beginning with the first
import { runAll, startMock, browserPath } from "./harness.mjs";
import { runPure } from "./pure.mjs";
import "./library.mjs";
import "./live.mjs";
import "./search.mjs";
import "./document.mjs";
import "./access.mjs";
import "./ask.mjs";
import "./player.mjs";
import "./dashboard.mjs";
import "./roles.mjs";
import "./verify.mjs";
import "./late.mjs";

const dist = process.argv[process.argv.indexOf("--dist") + 1];
const real = process.env.LARDER_URL;
if (!real && !process.argv.includes("--dist")) {
    console.error("tests/web/run: name the built app with --dist, or a server with LARDER_URL");
    process.exit(1);
}
const [part, parts] = (process.argv.includes("--part") ? process.argv[process.argv.indexOf("--part") + 1] : "1/1").split("/").map(Number);
const counts = part === 1 ? await runPure() : { passed: 0, failed: 0, skipped: 0 };
if (!browserPath()) {
    console.log("skip all tests in a browser (no Chromium here)");
    counts.skipped++;
} else {
    const mock = real ? null : await startMock(dist);
    try {
        const more = await runAll({ url: real ? real.replace(/\/$/, "") : mock.url, isMock: !real, key: process.env.LARDER_KEY ?? "", part, parts });
        Object.keys(counts).forEach((name) => (counts[name] += more[name]));
    } finally {
        mock?.stop();
    }
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(counts.failed > 0 ? 1 : 0);
