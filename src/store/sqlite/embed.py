#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writes the migrations as a C table: embed.py OUTPUT NNN_name.sql… (numbers must run from 1 without a gap)."""
import re
import sys
from pathlib import Path

output, *files = sys.argv[1:]
lines = ["// Made by embed.py from migrations/*.sql.", '#include "store/sqlite/migrate.h"', "", "const struct migration migrations[] = {"]
for number, file in enumerate(sorted(files), 1):
    match = re.fullmatch(r"(\d{3})_([a-z0-9_]+)\.sql", Path(file).name)
    if not match or int(match[1]) != number:
        sys.exit(f"{file}: expected migration {number:03}_name.sql")
    lines.append(f'    {{ {number}, "{match[2]}",')
    for line in Path(file).read_text(encoding="ascii").splitlines():
        escaped = line.replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'        "{escaped}\\n"')
    lines.append("    },")
lines += ["};", f"const int migration_count = {len(files)};", ""]
Path(output).write_text("\n".join(lines), encoding="ascii")
