#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Makes wordpiece.golden: texts and the numbers that the reference implementation (PyPI `tokenizers`) gives them.

  pip install tokenizers; golden.py TOKENIZER.json > wordpiece.golden
"""
import json
import random
import sys

from tokenizers import Tokenizer

WRITTEN = [
    "", " ", "a", "The fryer shows E-12.", "E12", "Set the vat to 350 °F (177 °C) for 3½ minutes!", "FX-200/B, part no. 81-4410",
    "naïve café résumé Ångström ÀÉÎÕÜ", "İstanbul ıssız", "STRASSE Straße ẞ", "ΣΊΣΥΦΟΣ Ὀδυσσεύς", "Привет, мир", "日本語のテキスト", "厨房温度",
    "한국어 문장입니다", "ไทยภาษา", "हिन्दी पाठ", "العربية نص", "עברית", "e\u0301 a\u030a", "zero\u200bwidth\u00adsoft\ufeffmark", "tab\tnew\nline\r\nend",
    "\u00a0no-break\u2003em", "“quotes” — dash… ¿qué? ¡no!", "a_b-c.d/e\\f|g~h`i^j", "$100 <tag> a+b=c", "emoji 🍟🍔 and 👩‍🍳", "x" * 100, "x" * 101,
    "supercalifragilisticexpialidocious antidisestablishmentarianism", "\u0000null\u0001control\u007f", "ﬁne ﬂour", "Ⅷ ² ³ ½ ¼", "don't can't won't",
    "𠀀𠮷野家", "ǅ ǆ Ǆ", "K Å Ω", "\u1100\u1161\u11a8", "a\u0338", "１２３ ＡＢＣ", "…\u2028line\u2029para", "º ª", "· ‧ ・", "„“ «»", "–—−",
]
POOL = ("the fryer oil grill 350 F temp clean check É ß 中 文 한 グ ñ ü ' - / . , ( ) # @ 5 12 3.5 E-12 °C ½ — … İ ſ ª 🍟 ع ह ไ ё Ж Σ \u0301 \u00ad \u200d \t "
        "thermostat recalibration pressure-cooker hypochlorite").split(" ")


def main(path):
    tokenizer = Tokenizer.from_file(path)
    tokenizer.enable_truncation(512)
    chance = random.Random(4)
    texts = list(WRITTEN)
    for _ in range(250):
        texts.append(chance.choice(["", " "]).join(chance.choice(POOL) + chance.choice(["", " ", ""]) for _ in range(chance.randint(1, 24))))
    for _ in range(150):  # letters, marks and signs of the whole basic plane that every Unicode since 9 knows alike
        texts.append("".join(chr(chance.choice([chance.randint(0x20, 0x24F), chance.randint(0x370, 0x52F), chance.randint(0x1E00, 0x1FFF),
                                                chance.randint(0x2010, 0x214F), chance.randint(0x3040, 0x30FF), chance.randint(0xAC00, 0xD7A3)]))
                             for _ in range(chance.randint(1, 20))))
    texts.append("word " * 700)
    for text in texts:
        print(json.dumps({"text": text, "tokens": tokenizer.encode(text).ids}))


main(sys.argv[1])
