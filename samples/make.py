#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Make the sample documents beside this script. A second run gives the same bytes.

Usage: python make.py [DIR]     needs the packages of requirements.txt
"""
import pathlib
import sys

sys.dont_write_bytecode = True
import _manual
import _office
import _sheets
import _slides
import _text

MAKERS = {
    "fryer-manual.pdf": _manual.make, "closing-checklist.docx": _office.closing_checklist, "cleaning-schedule.xlsx": _sheets.cleaning_schedule,
    "food-safety.pptx": _slides.food_safety, "allergens.csv": _text.allergens,
    "shift-handover.md": _text.HANDOVER.encode, "equipment-notes.txt": _text.NOTES.encode,
}

if __name__ == "__main__":
    where = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    for name, make in MAKERS.items():
        data = make()
        (where / name).write_bytes(data)
        print(f"{len(data):8} {name}")
