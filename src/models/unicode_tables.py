#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writes what BERT's basic tokenisation needs to know of Unicode as C tables: what becomes of a code point (decomposed,
without non-spacing marks, in lower case), and the ranges that are dropped, white space, punctuation, or a word by themselves.

  unicode_tables.py OUTPUT
"""
import sys
import unicodedata

LAST = 0x110000
CJK = [(0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F), (0x2B920, 0x2CEAF),
       (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)]  # as BERT's own list has them
SPACES = set("\t\n\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | {chr(c) for c in range(0x2000, 0x200B)}
HANGUL = range(0xAC00, 0xD7A4)  # decomposed by arithmetic in wordpiece_text.c


def kind(code):
    c = chr(code)
    category = unicodedata.category(c)
    if c in "\t\n\r":
        return "SPACE"
    if code in (0, 0xFFFD) or category in ("Cc", "Cf", "Co", "Cs"):
        return "DROP"
    if c in SPACES:
        return "SPACE"
    if category == "Mn":
        return "MARK"
    if category[0] == "P" or (code < 128 and 33 <= code and not c.isalnum()):
        return "PUNCTUATION"
    if any(a <= code <= b for a, b in CJK):
        return "IDEOGRAPH"
    return "PLAIN"


def becomes(code):
    c = chr(code)
    parts = [p for p in unicodedata.normalize("NFD", c) if unicodedata.category(p) != "Mn"]
    return [ord(low) for p in parts for low in p.lower()]


def main(output):
    ranges, maps, pool = [], [], []
    for code in range(LAST):
        k = kind(code)
        if ranges and ranges[-1][2] == k and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code, k])
        if code in HANGUL or k in ("DROP", "SPACE", "MARK"):
            continue
        to = becomes(code)
        if to != [code]:
            maps.append((code, len(pool), len(to)))
            pool += to
    with open(output, "w", encoding="ascii") as out:
        out.write("// Made by unicode_tables.py from Unicode %s.\n" % unicodedata.unidata_version)
        out.write("static const struct unicode_range unicode_ranges[] = {\n")
        for first, last, k in ranges:
            if k != "PLAIN":
                out.write("    { 0x%X, 0x%X, CODE_%s },\n" % (first, last, k))
        out.write("};\nstatic const struct unicode_map unicode_maps[] = {\n")
        for code, at, count in maps:
            out.write("    { 0x%X, %d, %d },\n" % (code, at, count))
        out.write("};\nstatic const uint32_t unicode_pool[] = {\n")
        for i in range(0, len(pool), 12):
            out.write("    " + " ".join("0x%X," % p for p in pool[i:i + 12]) + "\n")
        out.write("};\n")


if __name__ == "__main__":
    main(sys.argv[1])
