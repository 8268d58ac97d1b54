#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Checks that what the pages for people point to is there: links and their anchors, and names of files and folders in `code`.

  tests/links.py     prints what is missing; exit 1 if something is

Names with a word in capitals (`src/reader/NAME.c`) stand for many. A name without a folder may be of any file here.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAME = re.compile(r"`([\w./-]+\.(?:c|h|py|mjs|ts|tsx|json|lock|md|yml|build|css|html)|(?:src|web|tests|tools|bench|docs|samples)/[\w./-]*)[ `]")
MADE = {"run/server.json"}  # by a running server


def anchors(text):
    return {re.sub(r"[^\w -]", "", head.lower()).strip().replace(" ", "-") for head in re.findall(r"^#+ (.*)$", text, re.M)}


def missing(page, files):
    text = page.read_text(encoding="utf-8")
    for to in LINK.findall(text):
        path, _, anchor = to.partition("#")
        target = page.parent / path if path else page
        if ":" in path:
            continue
        if not target.exists():
            yield to
        elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text(encoding="utf-8")):
            yield to
    for name in NAME.findall(text):
        many = re.search(r"\b[A-Z]{2,}\b", name.rsplit("/", 1)[-1].split(".")[0]) and name.rsplit("/", 1)[-1] != "ARCHITECTURE.md"
        if not many and name not in MADE and not any(file == name or file.endswith("/" + name) or f"/{name.rstrip('/')}/" in "/" + file for file in files):
            yield name


def main():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split("\n")
    files = [file for file in listed if file] or [str(path.relative_to(ROOT)) for path in ROOT.rglob("*")]
    pages = [ROOT / "README.md", ROOT / "samples" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    bad = [(page, name) for page in pages for name in missing(page, files)]
    for page, name in bad:
        print(f"{page.relative_to(ROOT)}: {name} is not there")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
