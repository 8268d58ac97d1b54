#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writes a cross-encoder of a few weights, for tests: `tiny_cross_encoder.py MODEL.onnx MODEL.vocab`.

Each known word has a subject; the score of a pair of texts is how often a subject of the first stands in the second, less a
half: subjects(first) . subjects(second) - 0.5. So a cooker answers a question about fryers, whatever the words are. The file
is ONNX's protocol buffers, written by hand: a field is its number and wire type, then a number or bytes with their length."""
import pathlib
import struct
import sys

SUBJECTS = [["fryer", "cooker", "vat"], ["oil", "shortening", "fat"], ["clean", "boil", "wash"], ["illness", "sick"]]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
FLOAT, INT64 = 1, 7
INT, INTS = 2, 7  # of an attribute


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out + bytes([n]))


def number(field, n):
    return varint(field << 3) + varint(n & (1 << 64) - 1)


def data(field, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def tensor(name, kind, dims, raw):
    return b"".join(number(1, d) for d in dims) + number(2, kind) + data(8, name) + data(9, raw)


def attribute(name, value):
    if isinstance(value, list):
        return data(5, data(1, name) + b"".join(number(8, n) for n in value) + number(20, INTS))
    return data(5, data(1, name) + number(3, value) + number(20, INT))


def node(kind, inputs, output, **attributes):
    return data(1, b"".join(data(1, i) for i in inputs) + data(2, output) + data(4, kind)
                + b"".join(attribute(k, v) for k, v in attributes.items()))


def value(name, kind, dims):
    shape = b"".join(data(1, data(2, d) if isinstance(d, str) else number(1, d)) for d in dims)
    return data(1, name) + data(2, data(1, number(1, kind) + data(2, shape)))


def model(words):
    count = len(SUBJECTS)
    rows = [[float(word in subject) for subject in SUBJECTS] for word in words]
    weights = struct.pack(f"<{len(words) * count}f", *(n for row in rows for n in row))
    graph = (
        node("Gather", ["subjects", "input_ids"], "each", axis=0)  # [1, pieces, subjects]
        + node("Cast", ["token_type_ids"], "second", to=FLOAT)
        + node("Unsqueeze", ["second"], "second_column", axes=[2])
        + node("Mul", ["each", "second_column"], "of_second")
        + node("Sub", ["each", "of_second"], "of_first")
        + node("ReduceSum", ["of_first"], "first_sum", axes=[1], keepdims=0)
        + node("ReduceSum", ["of_second"], "second_sum", axes=[1], keepdims=0)
        + node("Mul", ["first_sum", "second_sum"], "shared")
        + node("ReduceSum", ["shared"], "fit", axes=[1], keepdims=1)
        + node("Sub", ["fit", "half"], "logits")
        + data(2, "tiny")
        + data(5, tensor("subjects", FLOAT, [len(words), count], weights))
        + data(5, tensor("half", FLOAT, [1], struct.pack("<f", 0.5)))
        + b"".join(data(11, value(n, INT64, [1, "pieces"])) for n in ("input_ids", "token_type_ids"))
        + data(12, value("logits", FLOAT, [1, 1])))
    return number(1, 7) + data(7, graph) + data(8, data(1, "") + number(2, 11))


def write(onnx, vocabulary):
    words = SPECIAL + [word for subject in SUBJECTS for word in subject]
    pathlib.Path(onnx).write_bytes(model(words))
    pathlib.Path(vocabulary).write_text("".join(word + "\n" for word in words), encoding="ascii")


if __name__ == "__main__":
    write(*sys.argv[1:3])
