#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writes common_words.inc, the most frequent words of general English in their order, as C strings: from the vocabulary of the
embedding model's tokenizer, whose whole words stand in the order of their frequency in books and Wikipedia.

  common.py TOKENIZER.json OUTPUT"""
import json
import pathlib
import sys

WORDS = 8000


def main(tokenizer, output):
    vocabulary = json.loads(pathlib.Path(tokenizer).read_text(encoding="utf-8"))["model"]["vocab"]
    words = sorted((word for word in vocabulary if word.isascii() and word.isalpha() and len(word) > 2), key=vocabulary.get)
    pathlib.Path(output).write_text("".join(f'"{word}",\n' for word in words[:WORDS]), encoding="ascii")


if __name__ == "__main__":
    main(*sys.argv[1:3])
