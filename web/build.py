#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bundles the web app: web/src into ten files (index.html, app.js, app.css, icon.svg; dashboard, access and verify with a script and
a style sheet each, which the app fetches when somebody opens such a page) in an output folder.

esbuild and preact come from third_party/ as tools/fetch left them; nothing is looked up anywhere else. The size of
app.js is held under a limit, because the app must open at once on an old tablet in a kitchen.
"""
import argparse
import shutil
import subprocess
import sys
from pathlib import Path

SCRIPT_MAX = 80 * 1024  # bytes of app.js, minified
DASHBOARD_MAX = 80 * 1024  # of dashboard.js, which comes only to who opens the dashboard; most of it is the plotting library
ACCESS_MAX = 24 * 1024  # of access.js: keys and the audit log
VERIFY_MAX = 16 * 1024  # of verify.js: readiness


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--third-party", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    source = Path(__file__).resolve().parent / "src"
    third_party = args.third_party.resolve()
    esbuild = third_party / "@esbuild" / "linux-x64" / "bin" / "esbuild"
    preact = third_party / "preact"
    uplot = third_party / "uplot" / "dist"
    for needed in (esbuild, preact / "package.json", uplot / "uPlot.esm.js"):
        if not needed.exists():
            sys.exit(f"web/build.py: {needed.relative_to(third_party.parent)} is missing; run tools/fetch first")
    args.out.mkdir(parents=True, exist_ok=True)
    esbuild.chmod(esbuild.stat().st_mode | 0o100)
    common = ["--bundle", "--minify", "--target=es2022,safari16", "--charset=utf8", "--legal-comments=none",
              "--log-level=warning"]
    subprocess.run([esbuild, source / "main.tsx", *common, "--format=iife", "--jsx=transform",
                    "--jsx-factory=h", "--jsx-fragment=Fragment", f"--inject:{source / 'base/jsx.js'}",
                    "--tsconfig-raw={}", f"--alias:preact={preact}", f"--outfile={args.out / 'app.js'}"],
                   check=True)
    subprocess.run([esbuild, source / "app.css", *common, f"--outfile={args.out / 'app.css'}"], check=True)
    borrowed = source / "base" / "borrowed.js"
    for page in ("dashboard", "access", "verify"):
        subprocess.run([esbuild, source / page / "main.tsx", *common, "--format=iife", "--jsx=transform",
                        "--jsx-factory=h", "--jsx-fragment=Fragment", f"--inject:{source / 'base/jsx.js'}",
                        "--tsconfig-raw={}", f"--alias:preact={borrowed}", f"--alias:preact/hooks={borrowed}",
                        f"--alias:larder-app={borrowed}", f"--alias:uplot={uplot / 'uPlot.esm.js'}",
                        f"--outfile={args.out / page}.js"], check=True)
        subprocess.run([esbuild, source / page / f"{page}.css", *common, f"--alias:uplot={uplot}",
                        f"--outfile={args.out / page}.css"], check=True)
    for name in ("index.html", "icon.svg"):
        shutil.copyfile(source / name, args.out / name)
    for name, limit in (("app.js", SCRIPT_MAX), ("dashboard.js", DASHBOARD_MAX), ("access.js", ACCESS_MAX), ("verify.js", VERIFY_MAX)):
        size = (args.out / name).stat().st_size
        if size > limit:
            sys.exit(f"web/build.py: {name} has {size} bytes; the limit is {limit}")


if __name__ == "__main__":
    main()
