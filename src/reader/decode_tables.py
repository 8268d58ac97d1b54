#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writes the character tables of decode.c out of Python's codecs: decode_tables.py OUT.c (run by the build)."""
import sys

SINGLE = [  # (name as people know it, codec)
    ("windows-1250", "cp1250"), ("windows-1251", "cp1251"), ("windows-1252", "cp1252"),
    ("windows-1253", "cp1253"), ("windows-1254", "cp1254"), ("windows-1255", "cp1255"),
    ("windows-1256", "cp1256"), ("windows-1257", "cp1257"), ("windows-1258", "cp1258"),
    ("windows-874", "cp874"), ("iso-8859-2", "iso8859-2"), ("iso-8859-3", "iso8859-3"),
    ("iso-8859-4", "iso8859-4"), ("iso-8859-5", "iso8859-5"), ("iso-8859-6", "iso8859-6"),
    ("iso-8859-7", "iso8859-7"), ("iso-8859-8", "iso8859-8"), ("iso-8859-10", "iso8859-10"),
    ("iso-8859-13", "iso8859-13"), ("iso-8859-14", "iso8859-14"), ("iso-8859-15", "iso8859-15"),
    ("iso-8859-16", "iso8859-16"), ("koi8-r", "koi8-r"), ("koi8-u", "koi8-u"),
    ("macintosh", "mac-roman"), ("x-mac-cyrillic", "mac-cyrillic"),
    ("x-mac-centraleurroman", "mac-latin2"), ("ibm437", "cp437"), ("ibm850", "cp850"),
    ("ibm852", "cp852"), ("ibm855", "cp855"), ("ibm866", "cp866"),
]
DOUBLE = [  # (C name, codecs in order of preference, lead range, trail range)
    ("shift_jis", ["cp932", "shift_jis_2004"], (0x81, 0xFC), (0x40, 0xFC)),
    ("gbk", ["gb18030"], (0x81, 0xFE), (0x40, 0xFE)),
    ("big5", ["cp950", "big5hkscs"], (0x81, 0xFE), (0x40, 0xFE)),
    ("euc_kr", ["cp949"], (0x81, 0xFE), (0x41, 0xFE)),
]


def one(raw, codec):
    """The one code point of the Basic Multilingual Plane that raw stands for, or 0."""
    try:
        text = raw.decode(codec)
    except UnicodeDecodeError:
        return 0
    return ord(text) if len(text) == 1 and ord(text) < 0x10000 else 0


def array(out, name, values):
    out.append(f"const uint16_t {name}[{len(values)}] = {{")
    for i in range(0, len(values), 16):
        out.append("    " + ", ".join(f"0x{v:04x}" for v in values[i:i + 16]) + ",")
    out.append("};")


def main():
    out = ["// Made by decode_tables.py; do not edit.", '#include "reader/decode_tables.h"']
    for name, codec in SINGLE:
        ident = "high_" + name.replace("-", "_")
        array(out, ident, [one(bytes([b]), codec) for b in range(0x80, 0x100)])
    out.append("const struct decode_single decode_singles[] = {")
    out += [f'    {{ "{n}", high_{n.replace("-", "_")} }},' for n, _ in SINGLE]
    out += ["    { 0, 0 },", "};"]
    for name, codecs, (lead0, lead1), (trail0, trail1) in DOUBLE:
        values = []
        for lead in range(lead0, lead1 + 1):
            for trail in range(trail0, trail1 + 1):
                values.append(next((v for v in (one(bytes([lead, trail]), c) for c in codecs) if v), 0))
        array(out, "map_" + name, values)
        out.append(f"const struct decode_double decode_{name} = "
                   f"{{ 0x{lead0:x}, 0x{lead1:x}, 0x{trail0:x}, 0x{trail1:x}, map_{name} }};")
    values = [one(bytes([0x8F, a, b]), "euc_jp") for a in range(0xA1, 0xFF) for b in range(0xA1, 0xFF)]
    array(out, "map_jisx0212", values)
    out.append("const struct decode_double decode_jisx0212 = { 0xa1, 0xfe, 0xa1, 0xfe, map_jisx0212 };")
    # GB18030, four bytes: runs of consecutive code points, as (linear, code point) of each run's start.
    runs, last = [], None
    for linear in range(39420):
        rest, d = divmod(linear, 10)
        rest, c = divmod(rest, 126)
        a, b = divmod(rest, 10)
        v = one(bytes([0x81 + a, 0x30 + b, 0x81 + c, 0x30 + d]), "gb18030")
        if v and (last is None or v != last + 1):
            runs.append((linear, v))
        elif not v and last is not None:
            runs.append((linear, 0))
        last = v or None
    out.append(f"const struct decode_run decode_gb_runs[{len(runs)}] = {{")
    out += [f"    {{ {a}, 0x{b:04x} }}," for a, b in runs]
    out.append("};")
    out.append(f"const size_t decode_gb_run_count = {len(runs)};")
    with open(sys.argv[1], "w", encoding="ascii") as f:
        f.write("\n".join(out) + "\n")


main()
