# SPDX-License-Identifier: AGPL-3.0-or-later
"""What each fuzz target starts from: files of tests/fixtures and samples as seeds, the words of its source as a dictionary,
and its longest input. tools/fuzz makes them anew in build-fuzz; nothing of it is committed.

Targets of packages (docx, odf and so on) take their parts as text: "==NAME" on a line, then the content, as
ooxml_fuzz.h says. So a package's seed is unpacked here.
"""
import pathlib
import re
import zipfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("samples", "tests/fixtures", "tests/fixtures/hostile")
PACKAGE_BYTES, WORDS, LONGEST = 250_000, 1500, 40
PLAIN, PARTS, TYPED, TWO = "plain", "parts", "typed", "two"  # TWO: a line before the file
MEDIA = (".wav", ".mp3", ".m4a", ".mp4", ".mov", ".avi")  # in the order of fuzz_media.c

# target: how a file becomes a seed, the endings of the files, the sources that its words come from
SEEDS = {
    "csv": (PLAIN, (".csv", ".tsv"), ("reader/csv*.c",)),
    "markdown": (PLAIN, (".md",), ("reader/markdown*.c",)),
    "txt": (PLAIN, (".txt",), ("reader/txt*.c", "reader/decode*.c")),
    "html": (PLAIN, (".html", ".htm"), ("reader/html*.c",)),
    "json": (PLAIN, (".json",), ("reader/json*.c",)),
    "xml": (PLAIN, (".xml",), ("reader/xml*.c",)),
    "srt": (PLAIN, (".srt", ".vtt"), ("reader/srt.c",)),
    "eml": (PLAIN, (".eml",), ("reader/eml*.c", "reader/decode*.c")),
    "rtf": (PLAIN, (".rtf",), ("reader/rtf*.c",)),
    "pdf": (PLAIN, (".pdf",), ("reader/pdf*.c",)),
    "bmp": (PLAIN, (".bmp",), ()),
    "tiff": (PLAIN, (".tif", ".tiff"), ()),
    "image": (PLAIN, (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff"), ("reader/image*.c",)),
    "legacy": (PLAIN, (".doc", ".xls", ".ppt"), ("reader/legacy*.c", "reader/cfb.c")),
    "docx": (PARTS, (".docx", ".docm"), ("reader/docx*.c", "reader/ooxml*.c", "reader/opc*.c")),
    "pptx": (PARTS, (".pptx",), ("reader/pptx*.c", "reader/ooxml*.c", "reader/opc*.c")),
    "xlsx": (PARTS, (".xlsx", ".xlsm"), ("reader/xlsx*.c", "reader/ooxml*.c", "reader/opc*.c")),
    "odf": (PARTS, (".odt", ".ods", ".odp"), ("reader/odf*.c",)),
    "epub": (PARTS, (".epub",), ("reader/epub.c", "reader/html*.c")),
    "media": (TYPED, MEDIA, ("reader/media*.c",)),
    "sniff": (PLAIN, None, ("check/sniff*.c", "check/name.c", "config/formats.c")),
    "numfmt": (None, (), ("reader/numfmt*.c",)),
    "http_request": (None, (), ("http/request.c", "http/strict.c", "http/parse.c")),
    "multipart": (None, (), ("wire/multipart.c",)),
    "mcp": (None, (), ("api/mcp_rpc.c",)),
    "clamd": (None, (), ("check/clamd.c",)),
    "transcript": (None, (), ("ingest/transcript.c",)),
    "assist": (None, (), ("assist/check.c", "assist/quantity.c", "assist/specialist.c", "assist/sentences.c")),
    "model": (None, (), ("assist/model.c",)),
    "alert_rules": (None, (), ("watch/alert_file.c", "watch/metric_table.c")),
    "embeddings": (None, (), ("models/remote.c",)),
    "jwt": (None, (), ("oidc/*.c", "api/oidc_roles.c")),
    "headers": (None, (), ("http/forward.c", "http/condition.c")),
    "words": (TWO, (".txt", ".md", ".srt"), ("search/synonyms_default.c",)),
    "values": (None, (), ("ingest/mode.c", "wire/place*.c", "net/*.c", "config/formats.c")),
    "settings": (None, (), ("config/settings.c",)),
    "chunk": (None, (), ()),
    "search": (None, (), ("search/filter.c", "search/units.c")),
    "requests": (None, (), ("api/*.c", "assist/tools/*.c", "http/request.c")),
}
# The longest input; what a target takes at most matters less than how many it can try in a second.
USUAL_LEN = 8_000
MAX_LEN = {
    "docx": 60_000, "pptx": 60_000, "xlsx": 60_000, "odf": 60_000, "epub": 60_000, "html": 20_000, "eml": 20_000,
    "rtf": 20_000, "pdf": 60_000, "image": 30_000, "tiff": 20_000, "legacy": 60_000, "media": 60_000,
    "numfmt": 400, "clamd": 600, "values": 400, "search": 2_000,
}


def unpacked(path):
    """The parts of a package as ooxml_fuzz.h takes them; b"" if there is no package in the file."""
    out = []
    try:
        with zipfile.ZipFile(path) as package:
            for info in package.infolist():
                if info.file_size > PACKAGE_BYTES or info.filename in ("[Content_Types].xml", "_rels/.rels", "mimetype",
                                                                       "META-INF/container.xml"):
                    continue
                content = package.read(info)
                if not content.startswith(b"=="):
                    out.append(b"==" + info.filename.encode() + b"\n" + content.replace(b"\n==", b"\n =="))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, ValueError, zlib.error):
        return b""
    return b"\n".join(out)


# Files that take whole seconds on purpose: mutations of them would take all of the time.
LEFT_OUT = ("form-fan.pdf",)
# Where steps towards a wanted value count as finds: binary formats without words.
VALUE_PROFILE = ("bmp", "legacy", "history", "frames", "clamd", "numfmt", "tiff", "media")


def max_len(target):
    return MAX_LEN.get(target, USUAL_LEN)


def seeds(target):
    """Yields (name, bytes)."""
    kind, endings, _ = SEEDS.get(target, (None, (), ()))
    for folder in FOLDERS if kind else ():
        for path in sorted((ROOT / folder).iterdir()):
            if not path.is_file() or path.suffix == ".py" or path.name in LEFT_OUT:
                continue
            if endings is not None and path.suffix not in endings:
                continue
            data = path.read_bytes()
            if kind == PARTS:
                parts = unpacked(path)
                if parts:
                    yield f"{path.name}.parts", parts[:max_len(target)]
            if kind == TYPED:
                data = bytes([endings.index(path.suffix)]) + data
            if kind == TWO:
                data = b"filter oil temperature\n" + data
            yield path.name, data[:max_len(target)]


def words(target):
    """What the sources compare with: their short string literals, which is what a mutation can hardly guess."""
    found = {}
    for pattern in SEEDS.get(target, (None, (), ()))[2]:
        for path in sorted((ROOT / "src").glob(pattern)):
            for text in re.findall(r'"((?:[^"\\\n]|\\.){2,%d})"' % LONGEST, path.read_text(encoding="utf-8")):
                if "%" not in text and not text.endswith((".h", ".")) and text.count(" ") < 2:
                    found.setdefault(text)
    return list(found)[:WORDS]


def dictionary(target):
    """The words in libFuzzer's form, or "" if there are none."""
    lines = []
    for word in words(target):
        try:
            raw = word.encode().decode("unicode_escape").encode("latin-1", "replace") if "\\" in word else word.encode()
        except UnicodeDecodeError:
            continue
        lines.append('"' + "".join(chr(b) if 32 <= b < 127 and b not in (34, 92) else f"\\x{b:02X}" for b in raw) + '"')
    return "\n".join(lines) + "\n" if lines else ""
