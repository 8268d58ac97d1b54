#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs tests/e2e: every function named test_… of every file test_….py, against the built server.

  tests/e2e/run.py [--build FOLDER] [--jobs N] [WORD…]     only tests whose name has a WORD

Prints `ok NAME: SECONDS s`, `not ok NAME: why` or `skip NAME: why` for each. With --jobs N parts of the files run beside
each other, each in a process of its own: most tests wait for something. Every test has its own server, port and folder.
"""
import concurrent.futures
import importlib
import pathlib
import re
import subprocess
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
PART_SECONDS = 1200
PART_TESTS = 6
# Begun first, since the last one to end decides.
LONG = ("test_documents", "test_speech", "test_watch", "test_model", "test_access")
sys.path.insert(0, str(HERE))

import harness  # noqa: E402


def parts():
    """(file, names of some of its tests), those of the long files first."""
    files = sorted(HERE.glob("test_*.py"), key=lambda path: (LONG.index(path.stem) if path.stem in LONG else len(LONG), path.stem))
    for path in files:
        names = re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.M)
        yield from ((path.stem, names[at:at + PART_TESTS]) for at in range(0, len(names), PART_TESTS))


def beside(args, jobs):
    """Every part in a process of its own; what it printed comes out in one piece."""
    def one(part):
        stem, names = part
        done = subprocess.run([sys.executable, __file__, "--file", stem, "--tests", ",".join(names), *args], capture_output=True, text=True,
                              errors="replace", timeout=PART_SECONDS, check=False)
        print(done.stdout, end="", flush=True)
        if done.returncode not in (0, 1) or (done.returncode == 1 and "not ok" not in done.stdout):
            print(f"not ok {stem}: ended with {done.returncode}: {' | '.join(done.stderr.splitlines()[-5:])}", flush=True)
        return done.returncode

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return 1 if any(list(pool.map(one, parts()))) else 0


def main(args):
    if "--jobs" in args:
        at = args.index("--jobs")
        jobs = int(args[at + 1])
        del args[at:at + 2]
        if jobs > 1:
            return beside(args, jobs)
    only = "test_*"
    if "--file" in args:
        at = args.index("--file")
        only = args[at + 1]
        del args[at:at + 2]
    some = None
    if "--tests" in args:
        at = args.index("--tests")
        some = args[at + 1].split(",")
        del args[at:at + 2]
    if "--build" in args:
        at = args.index("--build")
        harness.Server.build = harness.ROOT / args[at + 1]
        del args[at:at + 2]
    failed = 0
    for path in sorted(HERE.glob(f"{only}.py")):
        module = importlib.import_module(path.stem)
        for name in [n for n in vars(module) if n.startswith("test_")]:
            if (args and not any(word in name for word in args)) or (some is not None and name not in some):
                continue
            began = time.monotonic()
            try:
                vars(module)[name]()
                print(f"ok {name}: {time.monotonic() - began:.1f} s", flush=True)
            except harness.Skip as why:
                print(f"skip {name}: {why}", flush=True)
            except Exception as error:  # noqa: BLE001 - every fault of a test is its result
                failed += 1
                place = traceback.extract_tb(error.__traceback__)[-1]
                text = str(error).replace("\n", " | ")[:1500]
                print(f"not ok {name}: {type(error).__name__}: {text} ({pathlib.Path(place.filename).name}:{place.lineno})",
                      flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
