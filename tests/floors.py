#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Checks the floors of docs/ARCHITECTURE.md over #include lines: who may include whom, and where third-party headers may stand.

Prints `file:line: store may not include http` for each breach and ends with 1; 0 when there is none.
"""
import pathlib
import re
import sys

FLOORS = [
    ["base"],
    ["os", "text", "wire", "config", "net"],
    ["check", "store", "models", "http", "watch", "oidc", "reader", "convert", "verify"],
    ["jobs", "search"],
    ["ingest", "assist"],
    ["api", "cli"],
]
LEVEL = {module: level for level, floor in enumerate(FLOORS) for module in floor}
# Same floor or not listed: what a module may include besides all floors below it.
EXTRA = {"cli": {"api"}, "wire": set(), "jobs": set(), "store": set()}
PROGRAMS = {"reader", "convert"}
NEVER = {"jobs": {"http", *PROGRAMS}, "search": {"http", *PROGRAMS}, "ingest": {"http", *PROGRAMS}, "assist": {"http", *PROGRAMS},
         "api": PROGRAMS, "cli": PROGRAMS}
# A library's header stays inside its module.
THIRD_PARTY = {
    r"sqlite3\.h|libpq-fe\.h": {"store"},
    r"uv\.h|llhttp\.h": {"http"},
    r"wslay/.*": {"http", "net"},
    r"openssl/ssl\.h": {"http"},
    r"mupdf/.*|zip\.h|expat\.h|md4c.*|uchardet.*|archive.*|leptonica/.*|tesseract/.*|libav.*": {"reader"},
    r"seccomp\.h|linux/(seccomp|landlock|filter|audit)\.h": {"reader", "convert", "os"},
    r"curl/.*": {"cli", "net"},
    r"ini\.h": {"config"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')


def breaches(root):
    for path in sorted((root / "src").rglob("*.[ch]")):
        relative = path.relative_to(root / "src")
        module = relative.parts[0] if len(relative.parts) > 1 else "main"
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = INCLUDE.match(text)
            if not found:
                continue
            kind, header = found.groups()
            other = header.split("/")[0]
            where = f"src/{relative}:{number}"
            if kind == '"' and other in LEVEL and module in LEVEL and other != module:
                if other in NEVER.get(module, ()) or LEVEL[other] >= LEVEL[module] and other not in EXTRA.get(module, ()):
                    yield f"{where}: {module} may not include {other}"
            for pattern, allowed in THIRD_PARTY.items():
                if re.fullmatch(pattern, header) and module not in allowed:
                    yield f"{where}: {module} may not include <{header}>; it stays in {', '.join(sorted(allowed))}"
            if module == "main" and header not in ("cli/command.h",) and other in LEVEL and other != "cli":
                yield f"{where}: main includes cli only"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    found = list(breaches(root))
    print("\n".join(found) if found else "floors are kept")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
