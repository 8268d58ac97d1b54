# SPDX-License-Identifier: AGPL-3.0-or-later
"""The programs measured, behind one door: start() → seconds, read(file) → Answer, peak_kib(), cpu(), stop().

Two kinds. A Command starts one process for each file, and its start counts. A Resident is started once for each set and
kept; its start is told apart. `sets` names what a program is asked to read: what it says that it reads, tried for real.
"""
import http.client
import json
import os
import pathlib
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from . import measure, report
from .server import Server

BENCH = pathlib.Path(__file__).resolve().parent.parent
PEERS = BENCH / ".peers"
START_SECONDS = 180
OFFICE = ("docx", "xlsx", "pptx")
DOCUMENTS = ("pdf", "pdf-long", *OFFICE, "csv", "md", "txt", "scaled")
EVERYTHING = (*DOCUMENTS, "image", "media")


class Answer:
    """seconds; chars of text (None: not counted in this pass); error: why there is none; cpu seconds and peak_kib if known."""

    def __init__(self, seconds, chars=None, error=None, cpu=0.0, peak_kib=None):
        self.seconds, self.chars, self.error, self.cpu, self.peak_kib = seconds, chars, error, cpu, peak_kib


def plain(text):
    """A peer's own words on one line, without addresses and paths."""
    text = re.sub(r"\w+://\S+", "…", str(text))
    text = re.sub(r"(?<![\w.])/(?:[\w.@-]+/)+[\w.@-]*", "…", text)
    text = re.sub(r" with hash [0-9a-f]{16,}", "", " ".join(text.split()))
    return text if len(text) <= 240 else text[:239] + "…"


class Command:
    counts_start = True
    sets = EVERYTHING

    def __init__(self, scratch):
        self.scratch = scratch
        self.out = scratch / "out.txt"

    def start(self):
        return 0.0

    def read(self, file, timeout, first):
        """first: a pass that also weighs and counts the text, and whose seconds are not used when there are others."""
        ran = measure.run(self.argv(file), self.out, timeout, self.scratch / "weigh" if first else None, self.environment())
        if ran.code is None:
            return Answer(ran.seconds, error=f"over {timeout:.0f} s", cpu=ran.cpu)
        error = None
        if ran.code != 0:
            tail = pathlib.Path(f"{self.out}.err").read_bytes()[-600:].decode(errors="replace").strip().splitlines()
            error = plain(tail[-1] if tail else f"ended with {ran.code}")
        chars = self.chars() if first and not error else None
        return Answer(ran.seconds, chars, error or ("no text" if chars == 0 else None), ran.cpu, ran.peak_kib)

    def environment(self):
        return None

    def chars(self):
        return len(self.out.read_bytes().decode(errors="replace").strip())

    def cpu(self):
        return None

    def peak_kib(self):
        return None

    def stop(self):
        pass


class LarderRead(Command):
    name, how = "Larder, reader alone", "a process a file: elements with places as JSON, not sandboxed"

    def __init__(self, scratch, build):
        super().__init__(scratch)
        self.program = build / "larder-read"

    def missing(self):
        return None if self.program.is_file() else "larder-read is not built"

    def version(self):
        return report.source(self.program)

    def argv(self, file):
        # documents without OCR, which no peer has here; pictures and recordings as the server reads them
        more = ["--model", str(self.program.parent / "speech.model")] if file.suffix == "media" else [] if file.suffix == "image" else ["--fast"]
        return [str(self.program), str(file.path), "--read", *more]

    def chars(self):
        total = 0
        with open(self.out, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith('{"element"'):
                    total += len(json.loads(line)["element"].get("text", "").strip())
        return total


class Poppler(Command):
    name, how, sets = "pdftotext", "a process a file: plain text in reading order", ("pdf", "pdf-long")

    def missing(self):
        return None if shutil.which("pdftotext") else "poppler-utils is not installed"

    def version(self):
        return debian("poppler-utils")

    def argv(self, file):
        return ["pdftotext", str(file.path), "-"]


class Mupdf(Poppler):
    name, how = "mutool", "a process a file: plain text"

    def missing(self):
        return None if shutil.which("mutool") else "mupdf-tools is not installed"

    def version(self):
        return debian("mupdf-tools")

    def argv(self, file):
        return ["mutool", "draw", "-q", "-F", "txt", "-o", "-", str(file.path)]


class LibreOffice(Command):
    name, how = "LibreOffice", "a process a file; text; of sheets CSV, of CSV HTML, of slides PDF"
    sets = (*OFFICE, "csv", "txt", "scaled", "pdf")
    KINDS = {"xlsx": "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1", "pptx": "pdf",
             "csv": "html", "pdf": "txt:Text", "docx": "txt:Text", "txt": "txt:Text", "md": "txt:Text"}

    def missing(self):
        return None if shutil.which("soffice") else "LibreOffice is not installed"

    def version(self):
        return debian("libreoffice-core")

    def argv(self, file):
        self.folder = self.scratch / "office"
        shutil.rmtree(self.folder, ignore_errors=True)
        extra = ["--infilter=writer_pdf_import"] if file.suffix == "pdf" else []
        return ["soffice", "--headless", f"-env:UserInstallation=file://{self.scratch}/profile", *extra, "--convert-to",
                self.KINDS[file.suffix], "--outdir", str(self.folder), str(file.path)]

    def start(self):
        """Makes the user profile, which is not counted."""
        measure.run(["soffice", "--headless", f"-env:UserInstallation=file://{self.scratch}/profile", "--terminate_after_init"],
                    self.out, 60)
        return 0.0

    def chars(self):
        made = list(self.folder.glob("*")) if self.folder.is_dir() else []
        return sum(path.stat().st_size if path.suffix == ".pdf" else len(path.read_bytes().decode(errors="replace").strip())
                   for path in made)


class Tesseract(Command):
    name, how, sets = "tesseract", "a process a file, one thread: plain text", ("image",)

    def missing(self):
        return None if shutil.which("tesseract") else "tesseract-ocr is not installed"

    def version(self):
        return debian("tesseract-ocr")

    def argv(self, file):
        return ["tesseract", str(file.path), "-", "-l", "eng"]

    def environment(self):
        return {**os.environ, "OMP_THREAD_LIMIT": "1"}


class Ffmpeg(Command):
    """Decoding alone: what is below every program that hears."""
    name, how, sets = "ffmpeg", "a process a file, one thread: sound at 16 kHz, nothing heard", ("media",)

    def missing(self):
        return None if shutil.which("ffmpeg") else "ffmpeg is not installed"

    def version(self):
        return debian("ffmpeg")

    def argv(self, file):
        return ["ffmpeg", "-v", "error", "-nostdin", "-threads", "1", "-i", str(file.path), "-vn", "-ac", "1", "-ar", "16000", "-f", "null", "-"]

    def chars(self):
        return None


class Whisper(Command):
    """The engine's own tool with the model that Larder uses, fed by ffmpeg; it hears, and looks at no picture."""
    name, how, sets = "whisper-cli", "ffmpeg and whisper-cli a file, one thread, five beams: text with times", ("media",)
    program = PEERS / "whisper" / "bin" / "whisper-cli"

    def __init__(self, scratch, build):
        super().__init__(scratch)
        self.model = build / "speech.model"

    def missing(self):
        return None if self.program.is_file() and shutil.which("ffmpeg") else "not installed; bench/install brings it"

    def version(self):
        return "of nodejs-whisper, as third_party.lock pins it"

    def argv(self, file):
        sound = self.scratch / "sound.wav"
        return ["sh", "-c", 'ffmpeg -v error -nostdin -y -threads 1 -i "$1" -vn -ac 1 -ar 16000 "$2" && exec "$3" -m "$4" -f "$2" -t 1 -bs 5 -l en -np',
                "sh", str(file.path), str(sound), str(self.program), str(self.model)]


class Resident:
    counts_start = False
    sets = DOCUMENTS
    process = None

    def __init__(self, scratch):
        self.scratch = scratch

    def cpu(self):
        """Processor seconds so far; None where it can't be known, as just after it was stopped for time."""
        return measure.cpu_seconds(self.process.pid) if self.process else None

    def peak_kib(self):
        return measure.peak_kib(self.process.pid) if self.process else None

    def stop(self):
        if self.process:
            for one in reversed(measure.tree(self.process.pid)):
                try:
                    os.kill(one, 15)
                except OSError:
                    pass
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None


class Python(Resident):
    """One of the libraries, kept in one process of its own environment."""

    def __init__(self, scratch, peer, name):
        super().__init__(scratch)
        self.peer, self.name, self.told = peer, name, None
        self.how = "a Python process kept warm: Markdown" if peer != "kreuzberg" else "a Python process kept warm: text"
        self.program = PEERS / peer / "bin" / "python"

    def missing(self):
        return None if self.program.is_file() else "not installed; bench/install brings it"

    def version(self):
        return self.told or "unknown"

    def start(self):
        start = time.perf_counter()
        self.process = subprocess.Popen([str(self.program), str(BENCH / "benchlib" / "worker.py"), self.peer], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
        self.rest = b""
        self.told = self.answer(START_SECONDS)["version"]
        return time.perf_counter() - start

    def answer(self, timeout):
        end = time.monotonic() + timeout
        while b"\n" not in self.rest:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))
            if not ready:
                return None
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                raise RuntimeError(f"{self.name} ended by itself")
            self.rest += more
        line, self.rest = self.rest.split(b"\n", 1)
        return json.loads(line)

    def read(self, file, timeout, first):
        start = time.perf_counter()
        if self.process is None:
            self.start()
            start = time.perf_counter()
        self.process.stdin.write(json.dumps(str(file.path)).encode() + b"\n")
        answer = self.answer(timeout)
        seconds = time.perf_counter() - start
        if answer is None:
            self.stop()
            return Answer(seconds, error=f"over {timeout:.0f} s")
        if "error" in answer:
            return Answer(seconds, error=plain(answer["error"]), cpu=answer["cpu"])
        return Answer(seconds, answer["chars"], None if answer["chars"] else "no text", answer["cpu"])

    def cpu(self):
        return None  # each answer has its own, finer than the system's ticks


class Tika(Resident):
    name, how = "Apache Tika server", "a server kept warm, a PUT a file: plain text"

    def __init__(self, scratch):
        super().__init__(scratch)
        self.jars = sorted(PEERS.glob("tika-server-standard-*.jar"))

    def missing(self):
        if not shutil.which("java"):
            return "Java is not installed"
        return None if self.jars else "not installed; bench/install brings it"

    def version(self):
        return self.jars[-1].stem.rsplit("-", 1)[1]

    def start(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        start = time.perf_counter()
        self.process = subprocess.Popen(["java", "-jar", str(self.jars[-1]), "--host", "127.0.0.1", "--port", str(self.port)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while time.perf_counter() - start < START_SECONDS:
            try:
                if self.ask("GET", None, 5)[0] == 200:
                    return time.perf_counter() - start
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("Tika did not start")

    def ask(self, method, body, timeout):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, "/tika", body=body, headers={"Accept": "text/plain"})
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def read(self, file, timeout, first):
        start = time.perf_counter()
        try:
            status, body = self.ask("PUT", file.path.read_bytes(), timeout)
        except OSError as problem:
            return Answer(time.perf_counter() - start, error=plain(problem))
        seconds = time.perf_counter() - start
        if status != 200:
            return Answer(seconds, error=f"status {status}")
        chars = len(body.decode(errors="replace").strip())
        return Answer(seconds, chars, None if chars else "no text")


class LarderServer(Resident):
    """The whole way: upload, layers of checks, two sandboxed reader processes, chunks, index, until the document is ready."""
    sets = EVERYTHING
    name, how = "Larder, whole way", "the server kept warm: upload, checks, sandboxed readers, durable, searchable"

    def __init__(self, scratch, build):
        super().__init__(scratch)
        self.build, self.ended_peak = build, None

    def missing(self):
        return None if (self.build / "larder").is_file() else "the server is not built"

    def version(self):
        return report.source(self.build / "larder")

    def start(self):
        start = time.perf_counter()
        self.server = Server(self.build, self.scratch / "weigh-server").start()
        self.process = self.server.process
        self.sent = set()
        return time.perf_counter() - start

    def read(self, file, timeout, first):
        if file.path in self.sent:  # the same content again would be answered at once, so it goes first
            self.server.delete(self.ids.pop(file.path))
        self.ids = getattr(self, "ids", {})
        start = time.perf_counter()
        try:
            status, reply = self.server.upload(file.path.name, file.path.read_bytes(), timeout,
                                                mode="hi_res" if file.suffix in ("image", "media") else "fast")
            if status not in (200, 201):
                return Answer(time.perf_counter() - start, error=plain(reply.get("detail") or reply.get("title") or status))
            document = self.server.until_end(reply["id"], timeout)
        except (OSError, http.client.HTTPException, TimeoutError) as problem:
            return Answer(time.perf_counter() - start, error=plain(problem) or "no answer")
        seconds = time.perf_counter() - start
        self.sent.add(file.path)
        self.ids[file.path] = reply["id"]
        if document["status"] != "ready":
            return Answer(seconds, error=plain(f"{document['status']}: {document.get('reason') or ''}"))
        chars = self.server.chars(reply["id"]) if first else None
        return Answer(seconds, chars, "no text" if chars == 0 else None)

    def peak_kib(self):
        return None  # known from its end, with the readers that it started

    def stop(self):
        if self.process:
            self.ended_peak = self.server.stop_weighed()
            self.process = None


def debian(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def everyone(build, scratch=None):
    """All programs, each with a scratch folder of its own, Larder first."""
    base = scratch or pathlib.Path(tempfile.mkdtemp(prefix="larder-bench-"))

    def place(name):
        folder = base / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    if sys.version_info < (3, 11):
        sys.exit("bench: Python 3.11 or newer is needed.")
    return {"larder-read": LarderRead(place("larder-read"), build), "larder": LarderServer(place("larder"), build),
            "pdftotext": Poppler(place("pdftotext")), "mutool": Mupdf(place("mutool")), "libreoffice": LibreOffice(place("libreoffice")),
            "tesseract": Tesseract(place("tesseract")), "ffmpeg": Ffmpeg(place("ffmpeg")), "whisper": Whisper(place("whisper"), build),
            "tika": Tika(place("tika")), "markitdown": Python(place("markitdown"), "markitdown", "MarkItDown"),
            "docling": Python(place("docling"), "docling", "Docling"), "kreuzberg": Python(place("kreuzberg"), "kreuzberg", "Kreuzberg")}
