#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Makes the speech model's file: Whisper's weights as the pinned packages hold them (CTranslate2's form, 16-bit floats, perhaps
in parts) become one file in the form that whisper.cpp loads. Nothing is computed but the filters of the mel scale; the weights
are only cut and put in another order.

  speech_model.py OUTPUT VOCABULARY PART…
"""
import math
import struct
import sys

FLOAT16 = 4           # CTranslate2's number for it
GGML_F32, GGML_F16 = 0, 1
SAMPLE_RATE, FFT = 16000, 400
NOT_WRITTEN = 1501 + 107  # the time marks and the special marks at the vocabulary's end, which whisper.cpp makes itself


class Source:
    """The variables of a CTranslate2 model by name: (dimensions, bytes)."""

    def __init__(self, data):
        self.data, self.at, self.variables = data, 0, {}
        if self.number("I") != 6:
            raise SystemExit("speech_model: the weights are of another form than expected.")
        self.text()
        self.number("I")
        for _ in range(self.number("I")):
            name, dims = self.text(), [self.number("I") for _ in range(self.number("B"))]
            kind, size = self.number("B"), self.number("I")
            self.variables[name] = (kind, dims, data[self.at:self.at + size])
            self.at += size

    def number(self, form):
        value = struct.unpack_from("<" + form, self.data, self.at)[0]
        self.at += struct.calcsize("<" + form)
        return value

    def text(self):
        length = self.number("H")
        self.at += length
        return self.data[self.at - length:self.at - 1].decode("ascii")

    def get(self, name, part=0, parts=1):
        kind, dims, data = self.variables[name]
        if kind != FLOAT16:
            raise SystemExit("speech_model: the weights are not 16-bit floats.")
        step = len(data) // parts
        return [dims[0] // parts] + dims[1:], data[part * step:(part + 1) * step]


def mel_filters(bands):
    """Slaney's mel scale with triangles of equal area, as Whisper was trained with."""
    step, knee, log_step = 200.0 / 3, 15.0, math.log(6.4) / 27

    def hertz(mel):
        return mel * step if mel < knee else 1000.0 * math.exp(log_step * (mel - knee))

    top = knee + math.log(SAMPLE_RATE / 2 / 1000.0) / log_step
    edges = [hertz(top * i / (bands + 1)) for i in range(bands + 2)]
    rows = []
    for b in range(bands):
        low, mid, high = edges[b:b + 3]
        for k in range(FFT // 2 + 1):
            f = k * SAMPLE_RATE / FFT
            slope = min((f - low) / (mid - low), (high - f) / (high - mid))
            rows.append(max(0.0, slope) * 2.0 / (high - low))
    return rows


def byte_of_letter():
    """GPT-2 writes bytes that are no printable letter as letters from U+0100 on."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = {chr(b): b for b in plain}
    for n, b in enumerate(b for b in range(256) if b not in plain):
        letters[chr(256 + n)] = b
    return letters


def tensors(source, layers_audio, layers_text):
    """(name in whisper.cpp, name here, part, parts, keep 16 bits)."""
    def linear(to, of, part=0, parts=1, bias=True):
        yield to + ".weight", of + "/weight", part, parts, True
        if bias:
            yield to + ".bias", of + "/bias", part, parts, False

    def norm(to, of):
        yield to + ".weight", of + "/gamma", 0, 1, False
        yield to + ".bias", of + "/beta", 0, 1, False

    def self_attention(to, of):
        yield from norm(to + ".attn_ln", of + "/self_attention/layer_norm")
        for part, word in enumerate(("query", "key", "value")):
            yield from linear(f"{to}.attn.{word}", of + "/self_attention/linear_0", part, 3, word != "key")
        yield from linear(to + ".attn.out", of + "/self_attention/linear_1")

    def rest(to, of):
        yield from norm(to + ".mlp_ln", of + "/ffn/layer_norm")
        yield from linear(to + ".mlp.0", of + "/ffn/linear_0")
        yield from linear(to + ".mlp.2", of + "/ffn/linear_1")

    yield "encoder.positional_embedding", "encoder/position_encodings/encodings", 0, 1, False
    yield from linear("encoder.conv1", "encoder/conv1")
    yield from linear("encoder.conv2", "encoder/conv2")
    yield from norm("encoder.ln_post", "encoder/layer_norm")
    for n in range(layers_audio):
        yield from self_attention(f"encoder.blocks.{n}", f"encoder/layer_{n}")
        yield from rest(f"encoder.blocks.{n}", f"encoder/layer_{n}")
    yield "decoder.positional_embedding", "decoder/position_encodings/encodings", 0, 1, False
    yield "decoder.token_embedding.weight", "decoder/embeddings/weight", 0, 1, True
    yield from norm("decoder.ln", "decoder/layer_norm")
    for n in range(layers_text):
        to, of = f"decoder.blocks.{n}", f"decoder/layer_{n}"
        yield from self_attention(to, of)
        yield from norm(to + ".cross_attn_ln", of + "/attention/layer_norm")
        yield from linear(to + ".cross_attn.query", of + "/attention/linear_0")
        yield from linear(to + ".cross_attn.key", of + "/attention/linear_1", 0, 2, False)
        yield from linear(to + ".cross_attn.value", of + "/attention/linear_1", 1, 2)
        yield from linear(to + ".cross_attn.out", of + "/attention/linear_2")
        yield from rest(to, of)


def layers(source, side):
    return sum(name.startswith(side + "/layer_") and name.endswith("ffn/linear_0/weight") for name in source.variables)


def main(output, vocabulary, *parts):
    source = Source(b"".join(open(part, "rb").read() for part in parts))
    state = source.variables["encoder/conv1/weight"][1][0]
    bands = source.variables["encoder/conv1/weight"][1][1]
    audio, text = layers(source, "encoder"), layers(source, "decoder")
    words = source.variables["decoder/embeddings/weight"][1][0]
    heads = struct.unpack("<h", source.variables["encoder/num_heads"][2])[0]
    letters = byte_of_letter()
    with open(vocabulary, encoding="utf-8") as file:
        tokens = file.read().split("\n")[:words - NOT_WRITTEN]
    with open(output, "wb") as out:
        out.write(struct.pack("<I11i", 0x67676D6C, words, source.variables["encoder/position_encodings/encodings"][1][0], state, heads,
                              audio, source.variables["decoder/position_encodings/encodings"][1][0], state, heads, text, bands, 1))
        filters = mel_filters(bands)
        out.write(struct.pack(f"<2i{len(filters)}f", bands, FFT // 2 + 1, *filters))
        out.write(struct.pack("<i", len(tokens)))
        for token in tokens:
            data = bytes(letters[c] for c in token)
            out.write(struct.pack("<I", len(data)) + data)
        for name, of, part, count, half in tensors(source, audio, text):
            dims, data = source.get(of, part, count)
            if name in ("encoder.conv1.bias", "encoder.conv2.bias"):
                dims = [dims[0], 1]
            if not half:
                data = struct.pack(f"<{len(data) // 2}f", *struct.unpack(f"<{len(data) // 2}e", data))
            label = name.encode("ascii")
            out.write(struct.pack("<3i", len(dims), len(label), GGML_F16 if half else GGML_F32))
            out.write(struct.pack(f"<{len(dims)}i", *reversed(dims)) + label + data)


if __name__ == "__main__":
    main(*sys.argv[1:])
