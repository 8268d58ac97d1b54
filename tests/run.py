#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs Larder's suites and counts their tests. Called by ./test, which installs what they need.

  ./test                 everything but interop
  ./test unit e2e        only these suites
  ./test interop         unmodified clients of other projects; brings 450 MB of them at its first run
  ./test --list          names the suites

A suite is a function below. It yields (name, outcome, detail) with outcome passed, failed or skipped; a suite that is a
program of its own prints lines `ok NAME`, `not ok NAME: why`, `skip NAME: why` (or Meson's results), which are read here.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM_SECONDS = 900
E2E_JOBS = "4"  # twice the cores of the smallest machine: a test works half of its time
LINE = re.compile(r"^(ok|not ok|FAIL|skip) +([^:\n]+)(?:: (.*))?$")


def command(*args, env=None, seconds=PROGRAM_SECONDS):
    """Runs a program in the project's folder; (exit code, all that it printed)."""
    try:
        done = subprocess.run([str(a) for a in args], cwd=ROOT, env=dict(os.environ, **(env or {})), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=seconds, text=True, errors="replace")
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as late:
        text = late.stdout or ""
        return 124, (text if isinstance(text, str) else text.decode(errors="replace")) + "\nran too long"


def tail(text, lines=40):
    return "\n".join(text.rstrip().splitlines()[-lines:])


def lines_of(name, code, out):
    """The tests of a program that prints ok, not ok and skip lines."""
    seen = 0
    for line in out.splitlines():
        found = LINE.match(line)
        if found:
            seen += 1
            outcome = {"ok": "passed", "skip": "skipped"}.get(found[1], "failed")
            yield f"{name}: {found[2]}", outcome, found[3] or ""
    if code != 0 or not seen:
        yield f"{name}: ends well", "failed", f"exit {code}\n{tail(out)}"


def single(name, *args, env=None):
    code, out = command(*args, env=env)
    yield name, "passed" if code == 0 else "failed", "" if code == 0 else tail(out)


def configure(folder, *options):
    if (ROOT / folder / "build.ninja").exists():
        return command("meson", "configure", folder, *options)
    return command("meson", "setup", folder, *options)


def build(folder, *options):
    code, out = configure(folder, *options)
    if code == 0:
        code, out = command("ninja", "-C", folder, "--quiet", seconds=1800)
    yield f"build {folder}", "passed" if code == 0 else "failed", "" if code == 0 else tail(out, 60)


def meson_tests(folder, label, env=None):
    code, out = command("meson", "test", "-C", folder, "--no-rebuild", "--print-errorlogs", "--no-suite", "web", env=env,
                        seconds=1800)
    log = ROOT / folder / "meson-logs" / "testlog.json"
    outcomes = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}
    seen = 0
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []:
        result = json.loads(line)
        seen += 1
        outcome = outcomes.get(result["result"], "failed")
        detail = tail(result.get("stdout", "") + result.get("stderr", "")) if outcome == "failed" else ""
        yield f"{label}: {result['name']}", outcome, detail
    if not seen:
        yield f"{label}: tests ran", "failed", f"exit {code}\n{tail(out)}"


SANITIZER_ENV = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99:allocator_may_return_null=1",
                 "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=98"}


def suite_build():
    yield from build("build", "-Dtests=true", "-Dwerror=true")


def suite_unit():
    yield from meson_tests("build", "unit")


def python_files():
    listed = command("git", "ls-files")[1].split("\n")
    return [f for f in listed if f.endswith(".py") or ("." not in f and (ROOT / f).is_file() and
                                                      re.match(rb"#!.*python", (ROOT / f).read_bytes()[:40]))]


def suite_form():
    """Floors, formatting, pages that are made from tables, what pages point to."""
    yield from single("include floors", "python3", "tests/floors.py")
    yield from single("clang-format", "python3", "tools/format", "--check")
    code, out = command("python3", "tests/second_compiler.py")
    outcome = "skipped" if out.startswith("skip") else "passed" if code == 0 else "failed"
    yield "clang takes every source and fuzz target", outcome, "" if outcome == "passed" else tail(out)
    yield from single("names and imports of the Python programs", "pyflakes3", *python_files())
    yield from single("generated pages are fresh", "python3", "tools/docs", "--check")
    yield from single("links and file names of the documentation", "python3", "tests/links.py")
    yield from single("web types", "tests/web/check")


def suite_e2e():
    code, out = command("python3", "tests/e2e/run.py", "--jobs", E2E_JOBS)
    yield from lines_of("e2e", code, out)


def suite_web():
    """The app in headless Chromium: against a server that plays all parts, then against the real one."""
    sys.path.insert(0, str(ROOT / "tests/e2e"))
    import harness
    with harness.Server({"access_loopback": "open"}, key=False) as server, concurrent.futures.ThreadPoolExecutor() as pool:
        # Beside each other: most of them wait for something.
        parts = [pool.submit(command, "tests/web/run", "--dist", "build/web", "--part", f"{part}/2") for part in (1, 2)]
        real = pool.submit(command, "tests/web/run", env={"LARDER_URL": f"http://127.0.0.1:{server.port}"})
        for part in parts:
            yield from ((n, o, d) for n, o, d in lines_of("web", *part.result()) if o != "skipped" or "real server" not in n + d)
        # What needs the other server's script is skipped there by design; it ran above.
        yield from ((n, o, d) for n, o, d in lines_of("web on the real server", *real.result()) if o != "skipped")


def suite_fault():
    code, out = command("python3", "tests/fault/run.py", "--rounds", "12")
    yield from lines_of("fault", code, out)


def suite_sanitize():
    """ASan and UBSan builds run everything that the plain build runs."""
    yield from build("build-asan", "-Db_sanitize=address,undefined", "-Db_lundef=false", "-Dbuildtype=debugoptimized",
                     "-Dtests=true")
    yield from meson_tests("build-asan", "asan", env=SANITIZER_ENV)
    code, out = command("python3", "tests/e2e/run.py", "--jobs", E2E_JOBS, "--build", "build-asan", env=SANITIZER_ENV)
    yield from lines_of("asan e2e", code, out)


def suite_interop():
    """Other people's clients and the protocol's conformance suite; not part of a plain run."""
    code, out = command("python3", "tests/interop/run.py", seconds=2400)
    yield from lines_of("interop", code, out)


SUITES = {"build": suite_build, "unit": suite_unit, "form": suite_form, "e2e": suite_e2e, "web": suite_web,
          "fault": suite_fault, "sanitize": suite_sanitize, "interop": suite_interop}
BY_NAME_ONLY = {"interop"}


def main(args):
    if "--help" in args or "--list" in args:
        print(__doc__ if "--help" in args else "", "suites: " + " ".join(SUITES), sep="\n")
        return 0
    wanted = [a for a in args if not a.startswith("-")] or [s for s in SUITES if s not in BY_NAME_ONLY]
    unknown = [w for w in wanted if w not in SUITES]
    if unknown:
        print(f"test: no suite {unknown[0]}; there are: {' '.join(SUITES)}", file=sys.stderr)
        return 64
    if "build" not in wanted and {"unit", "form", "e2e", "web", "fault", "interop"} & set(wanted):
        wanted.insert(0, "build")
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for suite in wanted:
        start = time.monotonic()
        own = dict.fromkeys(counts, 0)
        for name, outcome, detail in SUITES[suite]():
            own[outcome] += 1
            if outcome != "passed" or "-v" in args:
                print(f"{outcome.upper()} {name}" + (f": {detail}" if detail else ""), flush=True)
        for outcome, n in own.items():
            counts[outcome] += n
        print(f"{suite}: {own['passed']} passed, {own['failed']} failed, {own['skipped']} skipped in "
              f"{time.monotonic() - start:.0f} s", flush=True)
        if suite == "build" and own["failed"]:
            break
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts), flush=True)
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
