#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writes the seeds of fuzz_frames: make_frames.py FOLDER. Layouts as in src/wire/frame_payload.c."""
import pathlib
import struct
import sys

HELLO, INFO, FINDING, ELEMENT, PROGRESS, IMAGE_START, IMAGE_DATA, DONE, REFUSED, SOUND = range(1, 11)


def frame(kind, payload=b""):
    return struct.pack("<IB", len(payload), kind) + payload


def string(text):
    data = text.encode()
    return struct.pack("<I", len(data)) + data


def place(kind=0, number=0, box=None, rows=(0, 0), cols=(0, 0), seconds=(0, 0), name="", section=""):
    out = struct.pack("<BBi", kind, box is not None, number)
    if box:
        out += struct.pack("<4f", *box)
    return out + struct.pack("<4i2d", *rows, *cols, *seconds) + string(name) + string(section)


def element(index, kind, where, text, markdown="", header="", image="", level=0, flags=0, times=""):
    return frame(ELEMENT, struct.pack("<qBiI", index, kind, level, flags) + where + string(text) + string(markdown) +
                 string(header) + string(image) + string(times))


hello = frame(HELLO, struct.pack("<III", 2, 7, 4))
places = [place(1, 3, (0, .25, .5, 1)), place(2, 4, name="notes"), place(3, name="Menu", rows=(2, 9), cols=(1, 3)),
          place(4, rows=(10, 20)), place(5, rows=(1, 9), section="Oil"), place(6, name="footnotes"),
          place(7, seconds=(12.4, 19)), place(8, box=(0, 0, 1, 1))]
seeds = {
    "done": hello + frame(DONE),
    "refused": frame(REFUSED, b"\0" + string("Out of memory.")),
    "info": hello + frame(INFO, string("pages") + b"\0" + struct.pack("<d", 212)) +
    frame(INFO, string("title") + b"\1" + string("Fryer manual")) + frame(DONE),
    "finding": hello + frame(FINDING, string("active.script") + place(1, 3) + string("A script on page 3.")) + frame(DONE),
    "elements": hello + b"".join(element(i, i, p, f"text {i}", level=i) for i, p in enumerate(places)) + frame(DONE),
    "table": hello + element(0, 4, places[2], "Salad | 4.50", "| Salad | 4.50 |", "Item | Price", "figure-1", 1, 4) +
    frame(PROGRESS, struct.pack("<qq", 1, 2)) + frame(DONE),
    "image": hello + frame(IMAGE_START, string("figure-1") + string("image/png") + struct.pack("<I", 5)) +
    frame(IMAGE_DATA, b"\x89PN") + frame(IMAGE_DATA, b"G\r") + frame(DONE),
    "speech": hello + element(0, 13, places[6], "Clean it.", times="1240+30 1270+15") +
    frame(SOUND, struct.pack("<dhh", 12.4, 7, -7)) + frame(DONE),
    "order": hello + element(1, 2, place(), "out of order"),
    "long": hello + struct.pack("<IB", 0xFFFFFFFF, ELEMENT),
    "late": hello + frame(DONE) + frame(PROGRESS, struct.pack("<qq", 1, 2)),
}
folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for name, data in seeds.items():
    (folder / name).write_bytes(b"\x02" + data)
