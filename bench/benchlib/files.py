# SPDX-License-Identifier: AGPL-3.0-or-later
"""The files to read, in sets by format. Nothing outside the repository is copied; the scaled set is made from our samples."""
import hashlib
import pathlib
import random
import subprocess
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LONG_PAGES = 100
ENDINGS = {"pdf": "pdf", "docx": "docx", "docm": "docx", "xlsx": "xlsx", "xlsm": "xlsx", "pptx": "pptx", "csv": "csv", "md": "md",
           "txt": "txt",
           **dict.fromkeys(("jpg", "jpeg", "png", "gif", "webp"), "image"),
           **dict.fromkeys(("wav", "mp3", "m4a", "mp4", "mov", "avi"), "media")}
LEFT_OUT = ("requirements.txt", "README.md", "META.json")
# Folders whose files are not documents to be read well: refused on purpose, or answers and questions about others.
FOLDERS_LEFT_OUT = ("hostile", "reject", "expected", "retrieval", "rag")
TITLES = {"pdf": "PDF", "pdf-long": f"PDF of {LONG_PAGES} pages and more", "docx": "DOCX, DOCM", "xlsx": "XLSX, XLSM", "pptx": "PPTX",
          "csv": "CSV", "md": "Markdown", "txt": "Plain text", "scaled": "Scaled: made, large", "image": "Pictures with words", "media": "Recordings"}


class File:
    """pages: of a recording its seconds; None where there is no such count."""

    def __init__(self, path, pages=None, origin="own"):
        self.path, self.pages, self.origin = pathlib.Path(path), pages, origin
        self.bytes = self.path.stat().st_size
        self.suffix = ENDINGS[self.path.suffix[1:].lower()]


def pages_of(path):
    """Counted by poppler, a third party to most of the comparison; 0 where it can't."""
    done = subprocess.run(["pdfinfo", str(path)], capture_output=True, check=False)
    for line in done.stdout.decode(errors="replace").splitlines():
        if line.startswith("Pages:"):
            return int(line.split()[1])
    return 0


def seconds_of(path):
    """The length of a recording, by ffprobe; 0 where it can't."""
    done = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(path)], capture_output=True,
                          text=True, check=False)
    return float(done.stdout.strip()) if done.stdout.strip().replace(".", "").isdigit() else 0


COUNTS = {"pdf": pages_of, "media": seconds_of}


def collect(corpora, scratch, wanted):
    """{set: [File]} for the wanted sets, the largest long PDF first, the others by size; the same content only once."""
    sets, seen = {name: [] for name in TITLES}, set()
    places = [(ROOT / "samples", "own"), (ROOT / "tests" / "fixtures", "own")] + [(pathlib.Path(c), "corpus") for c in corpora]
    for folder, origin in places:
        for path in sorted(folder.rglob("*")):
            ending = path.suffix[1:].lower()
            inner = path.relative_to(folder).parts[:-1]
            if ending not in ENDINGS or not path.is_file() or path.name in LEFT_OUT or set(inner) & set(FOLDERS_LEFT_OUT):
                continue
            digest = hashlib.sha256(path.read_bytes()).digest()
            kind = ENDINGS[ending]
            if digest in seen or not {kind, f"{kind}-long"} & set(wanted):
                continue
            seen.add(digest)
            file = File(path, COUNTS[kind](path) if kind in COUNTS else None, origin)
            sets["pdf-long" if kind == "pdf" and file.pages >= LONG_PAGES else file.suffix].append(file)
    if "scaled" in wanted:
        sets["scaled"] = scaled(scratch)
    for name, files in sets.items():
        files.sort(key=lambda f: (-(f.pages or 0), -f.bytes) if name == "pdf-long" else (f.bytes, f.path.name))
    return {name: files for name, files in sets.items() if files and name in wanted}


# ---- the scaled set: the words of our samples in large files, each line with a number of its own

DOCX = {"[Content_Types].xml": '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
        "_rels/.rels": '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
        'Target="word/document.xml"/></Relationships>'}
XLSX = {"[Content_Types].xml": '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
        "_rels/.rels": DOCX["_rels/.rels"].replace("word/document.xml", "xl/workbook.xml"),
        "xl/workbook.xml": '<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r='
        '"http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Counts" sheetId="1" r:id="r1"/>'
        '</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<?xml version="1.0"?><Relationships xmlns='
        '"http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type='
        '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'}


def package(path, parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as box:
        for name, text in parts.items():
            box.writestr(name, text)


def scaled(folder):
    folder.mkdir(parents=True, exist_ok=True)
    words = [w for w in (ROOT / "samples" / "equipment-notes.txt").read_text(encoding="utf-8").split() if w.isalpha()]
    rng = random.Random(20)

    def sentence(number, length=14):
        return f"Note {number}: " + " ".join(rng.choice(words) for _ in range(length)) + "."

    def cells(number):
        return [str(number), rng.choice(words), rng.choice(words), str(rng.randrange(1000)), f"{rng.random() * 100:.2f}", sentence(number, 5)]

    rows = [["Number", "Item", "Station", "Count", "Price", "Remark"], *(cells(n) for n in range(1, 20001))]
    (folder / "scaled.csv").write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
    sheet = "".join("<row>" + "".join(f"<c><v>{c}</v></c>" if c.replace(".", "").isdigit() else f'<c t="inlineStr"><is><t>{c}</t></is></c>'
                                      for c in row) + "</row>" for row in rows[:10001])
    package(folder / "scaled.xlsx", XLSX | {"xl/worksheets/sheet1.xml": '<?xml version="1.0"?><worksheet xmlns='
            '"http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>' + sheet + "</sheetData></worksheet>"})
    body = "".join(f'<w:p><w:r><w:t>{sentence(n, 40)}</w:t></w:r></w:p>' for n in range(5000))
    package(folder / "scaled.docx", DOCX | {"word/document.xml": '<?xml version="1.0"?><w:document xmlns:w='
            '"http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>' + body + "</w:body></w:document>"})
    lines = [(f"\n# Part {n // 40}\n\n" if n % 40 == 0 else "") + f"- {sentence(n)}\n" for n in range(20000)]
    (folder / "scaled.md").write_text("".join(lines), encoding="utf-8")
    (folder / "scaled.txt").write_text("".join(sentence(n, 60) + "\n\n" for n in range(10000)), encoding="utf-8")
    return [File(path, origin="made") for path in sorted(folder.glob("scaled.*"))]
