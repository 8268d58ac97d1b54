#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs tests/e2e: every function named test_… of every file test_….py, against the built server.

  tests/e2e/run.py [--build FOLDER] [WORD…]     only tests whose name has a WORD

Prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each.
"""
import importlib
import pathlib
import sys
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import harness  # noqa: E402


def main(args):
    if "--build" in args:
        at = args.index("--build")
        harness.Server.build = harness.ROOT / args[at + 1]
        del args[at:at + 2]
    failed = 0
    for path in sorted(HERE.glob("test_*.py")):
        module = importlib.import_module(path.stem)
        for name in [n for n in vars(module) if n.startswith("test_")]:
            if args and not any(word in name for word in args):
                continue
            try:
                vars(module)[name]()
                print(f"ok {name}", flush=True)
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
