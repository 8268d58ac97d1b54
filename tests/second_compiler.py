#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Shows every C file of a configured build, fuzz targets included, to clang, so that what only gcc takes is not found out by
tools/fuzz. Nothing is written.

  tests/second_compiler.py [BUILD]     prints what clang says; exit 1 if it says something

Skipped, and said so, where clang is not installed.
"""
import concurrent.futures
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
OURS = [ROOT / name for name in ("src", "tests", "bench")]
FILE_SECONDS = 60
# Long strings in lists are written in pieces; options of gcc's that clang has not are no news.
ALLOWED = ["-Wno-string-concatenation", "-Wno-unknown-warning-option"]


def commands(build):
    """(file, clang's arguments) once a file; generated and foreign sources are left out."""
    seen = set()
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        folder, file = pathlib.Path(entry["directory"]), pathlib.Path(entry["file"])
        path = (folder / file).resolve()
        if path.suffix != ".c" or path in seen or not any(path.is_relative_to(ours) for ours in OURS):
            continue
        seen.add(path)
        words = shlex.split(entry["command"])
        kept = [word for word in words if word.startswith(("-I", "-isystem", "-D", "-U", "-W", "-std=")) and not word.startswith("-Wl,")]
        yield folder, path, ["-fsyntax-only", "-Werror", *kept, *ALLOWED, str(path)]


def one(item):
    folder, path, args = item
    done = subprocess.run(["clang", *args], cwd=folder, capture_output=True, text=True, errors="replace", timeout=FILE_SECONDS, check=False)
    return "" if done.returncode == 0 else done.stderr or f"{path}: clang ended with {done.returncode}\n"


def main(args):
    if not shutil.which("clang"):
        print("skip: clang is not installed")
        return 0
    items = list(commands(ROOT / (args[0] if args else "build")))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        told = [text for text in pool.map(one, items) if text]
    print("".join(told), end="")
    print(f"clang: {len(items)} files, {len(told)} of them not as they should be")
    return 1 if told or not items else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
