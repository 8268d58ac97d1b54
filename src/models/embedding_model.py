#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lays the pinned embedding model out as Larder reads it: the network as it is, its vocabulary one piece a line, and a
description with the pooling and the question's prefix that the model's authors recommend.

  embedding_model.py NETWORK TOKENIZER OUT.onnx OUT.vocab OUT.json
"""
import json
import shutil
import sys

# Chosen on four open collections: of questions put to passages of another collection 75 to 97 in 100 pairs are below it, of those
# that belong together 0 to 5, which share words but for one in 282.
UNLIKE = 0.5


def main(network, tokenizer, out_network, out_vocabulary, out_description):
    with open(tokenizer, encoding="utf-8") as file:
        described = json.load(file)
    pieces = sorted(described["model"]["vocab"].items(), key=lambda item: item[1])
    normal = described["normalizer"]
    fits = (described["model"]["type"] == "WordPiece" and normal["type"] == "BertNormalizer" and normal["lowercase"]
            and [number for _, number in pieces] == list(range(len(pieces))) and not any("\n" in piece for piece, _ in pieces))
    if not fits:
        raise SystemExit("embedding_model: the tokenizer is of another form than expected.")
    shutil.copyfile(network, out_network)
    with open(out_vocabulary, "w", encoding="utf-8") as out:
        out.write("".join(piece + "\n" for piece, _ in pieces))
    with open(out_description, "w", encoding="utf-8") as out:
        json.dump({"id": "bge-small-en-v1.5 (8 bit)", "dimension": 384, "pooling": "cls", "tokens": 512,
                   "query_prefix": "Represent this sentence for searching relevant passages: ", "passage_prefix": "", "unlike": UNLIKE}, out, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
