#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writes the specialists' files as a C table: embed.py OUTPUT FILE.txt…"""
import sys
from pathlib import Path

output, *files = sys.argv[1:]
lines = ["// Made by embed.py from specialists/*.txt.", '#include "assist/specialist.h"', "",
         "const struct embedded_file embedded_specialists[] = {"]
for file in sorted(files):
    lines.append(f'    {{ "{Path(file).stem}",')
    for line in Path(file).read_text(encoding="ascii").splitlines():
        escaped = line.replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'        "{escaped}\\n"')
    lines.append("    },")
lines += ["    { NULL, NULL },", "};", ""]
Path(output).write_text("\n".join(lines), encoding="ascii")
