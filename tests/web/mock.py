#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A stand-in for the server: the part of the API that the web app uses, over documents made up here.

It keeps the contract of docs/ARCHITECTURE.md (shapes, statuses, events over WebSocket, SSE and JSON) and adds /mock/… so
that a test can say what happens next: cut the sockets, be busy, ask for a key, hold or advance the reading of a document.
Only for tests; it checks nothing. What an upload meets is told by its name, see RECEIVE.
"""
import argparse
import base64
import hashlib
import json
import re
import socket
import struct
import threading
import time
import urllib.parse
import zlib
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MEDIA = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".svg": "image/svg+xml"}
CSP = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
       "base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
KEY = "larder-test-key"
BOX = [0.12, 0.30, 0.88, 0.38]  # of every page picture, painted pale blue: where the passage stands
VIEWER = ["read", "search", "ask"]
RIGHTS = {"viewer": VIEWER, "contributor": [*VIEWER, "write"], "manager": [*VIEWER, "write", "manage", "monitor"],
          "admin": [*VIEWER, "write", "manage", "monitor", "keys", "audit", "admin"]}
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
FORMATS = [("pdf", "PDF", "pdf", "manual", "page"), ("docx", "Word", "docx", "manual", "section"),
           ("xlsx", "Excel", "xlsx", "spreadsheet", "row"), ("pptx", "PowerPoint", "pptx", "presentation", "slide"),
           ("txt", "Plain text", "txt", "text", "line"), ("md", "Markdown", "md", "text", "line"),
           ("csv", "CSV", "csv", "data", "row")]


def finding(code, layer, severity, message, advice, place=None):
    return {"code": code, "layer": layer, "severity": severity, "message": message, "advice": advice, "place": place}


RECEIVE = {  # by a word in the name of the upload
    "refused": [
        finding("type.mismatch", 3, "reject", "The name says PDF, but the content is a ZIP archive.",
                "Rename the file to what it is, or export it as PDF again."),
        finding("structure.corrupt", 4, "reject", "The list of objects ends in the middle.",
                "Open the file on your computer and save it again.", {"page": 3}),
        finding("active.script", 5, "warning", "The document holds a script that would run when it is opened.",
                "Ask the sender for a copy without scripts."),
    ],
    "held": [finding("active.launch", 5, "quarantine", "The document would start another program.",
                     "A manager can release it if the sender is known.", {"page": 2})],
}


def now():
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def png(width, height, paint):
    """A grey PNG; paint(y) gives the bytes of one row."""
    raw = b"".join(b"\0" + paint(y) for y in range(height))
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw, 6)) + chunk(b"IEND", b"")


def page_picture(number, width):
    """Letter paper with bars for lines of text, and a pale blue field at BOX."""
    height = round(width * 1.294)
    white, ink, pale, field = b"\xff\xff\xff", b"\x3a\x40\x3d", b"\x9a\xa3\x9e", b"\xc8\xdc\xff"
    left, right = round(width * 0.12), round(width * 0.88)
    def row(colour, start, end):
        return white * start + colour * (end - start) + white * (width - end)
    blank, title = white * width, row(ink, left, round(width * (0.45 + 0.05 * (number % 4))))
    def paint(y):
        f = y / height
        if BOX[1] <= f < BOX[3]:
            return row(field, round(width * BOX[0]), round(width * BOX[2]))
        if 0.09 <= f < 0.115:
            return title
        line = int(f * 60)
        if f < 0.14 or f > 0.9 or line % 2 or (line + number) % 11 == 0:
            return blank
        return row(pale, left, right - round(width * 0.01 * ((line * 7 + number * 3) % 20)))
    return png(width, height, paint)


class State:
    def __init__(self):
        self.lock = threading.RLock()
        self.change = threading.Condition(self.lock)
        self.pictures = {}
        self.reset()

    def reset(self, empty=False):
        with self.lock:
            self.documents, self.elements, self.events, self.sessions = {}, {}, getattr(self, "events", []), set()
            self.busy, self.need_key, self.no_ws, self.no_sse, self.hold, self.offline = 0, False, False, False, False, False
            self.role, self.rights, self.name = "admin", RIGHTS["admin"], ""
            self.oidc = ""
            self.hold_at = 0  # the page that is not read until it is 0 again
            self.slow_check, self.sockets, self.log = 0.0, getattr(self, "sockets", []), []
            self.serial = getattr(self, "serial", 0)
            if not empty:
                self.seed()
            self.change.notify_all()

    def event(self, kind, doc):
        with self.lock:
            data = {k: doc.get(k) for k in ("name", "type", "status", "partition", "verdict", "reason", "progress")}
            self.events.append({"seq": len(self.events) + 1, "time": now(), "kind": kind, "document_id": doc["id"],
                                "data": data})
            self.change.notify_all()

    def add(self, name, status="ready", elements=(), findings=(), verdict="accepted", size=120_000, pages=0, age=3, **more):
        with self.lock:
            self.serial += 1
            ext = name.rsplit(".", 1)[-1].lower()
            kind = next((f for f in FORMATS if f[0] == ext), FORMATS[4])
            doc = {"id": f"d{self.serial:07d}", "name": name, "type": kind[0], "category": kind[3], "status": status,
                   "verdict": verdict, "findings": list(findings), "size": size, "partition": "default",
                   "created_at": datetime.fromtimestamp(time.time() - age * 86400, timezone.utc).isoformat(),
                   "updated_at": now(), "metadata": {}, "errors": [], "media": {"pages": pages} if pages else {},
                   "order": self.serial}
            doc.update(more)
            if pages:
                doc["page_count"] = pages
            self.documents[doc["id"]] = doc
            self.elements[doc["id"]] = [dict(e, index=i) for i, e in enumerate(elements)]
            return doc

    def seed(self):
        def e(kind, text, place, level=0, markdown=None, **more):
            return {"kind": kind, "text": text, "markdown": markdown or text, "place": place, "level": level, **more}
        rows = [("Fries", "Right", "none"), ("Chicken tenders", "Left", "wheat, egg"), ("Fish fillet", "Left", "fish, wheat"),
                ("Onion rings", "Right", "wheat, milk"), ("Shrimp basket", "Left", "crustacean"), ("Hash browns", "Right", "none")]
        table = "| Item | Vat | Allergens |\n| --- | --- | --- |\n" + "\n".join("| " + " | ".join(r) + " |" for r in rows)
        self.add("equipment-notes.txt", elements=[
            e("paragraph", f"Note {i}. The walk-in compressor ran {20 + i} minutes without a pause." if i != 61 else
              "Fryer FX-200: error E-31 again. Filter pump overload; cleared after the strainer was cleaned.",
              {"lines": [i * 3 + 1, i * 3 + 2]}) for i in range(120)], size=24_310, age=40)
        self.add("allergens.csv", elements=[e("table", "x", {"rows": [1, 7], "cols": [1, 3]}, markdown=table)], size=5_078, age=21)
        self.add("cleaning-schedule.xlsx", elements=[
            e("heading", "Harbor Grill Cleaning Schedule", {"sheet": "Tasks", "range": "A1:C1"}, 1),
            e("table", "x", {"sheet": "Tasks", "range": "A3:C9"}, markdown=table),
            e("heading", "Weekly plan", {"sheet": "Weekly plan", "range": "A1:A1"}, 1),
            e("table", "x", {"sheet": "Weekly plan", "range": "A2:C8"}, markdown=table)], size=14_110, age=12)
        self.add("food-safety.pptx", elements=[
            e("title", "Food Safety Basics", {"slide": 1}), e("paragraph", "Training for new crew members", {"slide": 1}),
            e("heading", "Four rules that prevent most illness", {"slide": 2}, 1),
            e("list_item", "Clean: hands, tools and surfaces", {"slide": 2}, 1, "- Clean: hands, tools and surfaces"),
            e("list_item", "Separate: raw from ready to eat", {"slide": 2}, 1, "- Separate: raw from ready to eat"),
            e("list_item", "Cook: to the right inner temperature", {"slide": 2}, 1, "- Cook: to the right inner temperature"),
            e("note", "Ask the group for an example of each rule.", {"slide": 2, "part": "notes"})], size=58_766, pages=2, age=9)
        self.add("closing-checklist.docx", elements=[
            e("title", "Closing Checklist", {"part": "document"}),
            e("heading", "4 Cold storage", {"part": "document", "section": "4 Cold storage"}, 1),
            e("paragraph", "Read each thermometer and write the value down. Call the shift manager when a value is above its limit.",
              {"part": "document", "section": "4 Cold storage"}),
            e("list_item", "Walk-in freezer: 0 °F (-18 °C) or below", {"part": "document", "section": "4 Cold storage"}, 1,
              "1. Walk-in freezer: 0 °F (-18 °C) or below"),
            e("list_item", "Prep cooler: 41 °F (5 °C) or below", {"part": "document", "section": "4 Cold storage"}, 1,
              "2. Prep cooler: 41 °F (5 °C) or below"),
            e("note", "Keep the signed sheet for 90 days.", {"part": "footnotes"})],
            findings=[finding("active.external", 5, "warning", "A picture in the document is kept on another server.",
                              "Nothing to do: Larder does not load it.")], verdict="accepted_with_warnings", size=47_521, age=6)
        self.add("invoice-scan.pdf", status="failed", verdict="rejected", reason="no_content", findings=[
            finding("structure.truncated", 4, "reject", "The file ends in the middle of page 2.",
                    "Send it again from the scanner.", {"page": 2})], size=310_000, age=4)
        self.add("supplier-price-list.pdf", status="quarantined", verdict="quarantined", findings=RECEIVE["held"], size=88_000, age=2)
        self.add('<img src=x onerror="window.hacked=1"> & <b>bold</b>.md', elements=[
            e("heading", "<script>window.hacked=2</script>", {"lines": [1, 1]}, 1),
            e("paragraph", "Oil </mark><img src=x onerror=window.hacked=3> filter", {"lines": [3, 3]}),
            e("table", "x", {"lines": [5, 7]}, markdown="| <b>a</b> | b |\n|---|---|\n| <img src=x onerror=window.hacked=4> | x \\| y |"),
            e("code", "rm -rf <tmp>", {"lines": [9, 11]}, markdown="```sh\nrm -rf <tmp>\n```")], size=900, age=1)
        self.add("fryer-manual.pdf", pages=15, elements=[
            e("heading", f"Section {p}", {"page": p, "box": [0.1, 0.08, 0.6, 0.12]}, 1) if k == 0 else
            e("paragraph", "Filter the fryer oil in each vat twice a day: after the lunch peak and at closing." if p == 8 else
              f"What page {p} says about the FX-200.", {"page": p, "box": BOX}) for p in range(1, 16) for k in (0, 1)],
            size=58_854, age=0.02, metadata={"department": "Kitchen", "revision": 4})

    def view(self, doc):
        out = {k: v for k, v in doc.items() if k != "order"}
        return out

    def read(self, doc, pages=12, pause=0.12):
        """Reads a document on its own thread, with progress; waits while the tests hold it."""
        def step(status, progress=None, kind="document.updated"):
            with self.lock:
                while (self.hold or progress and 0 < self.hold_at <= progress["done"]) and doc["id"] in self.documents:
                    self.change.wait(0.2)
                if doc["id"] not in self.documents or doc["status"] == "failed":
                    return False
                doc["status"], doc["progress"] = status, progress
                self.event(kind, doc)
                return True
        def work():
            if not step("partitioning"):
                return
            for n in range(1, pages + 1):
                time.sleep(pause)
                progress = {"unit": "page", "done": n, "total": pages, "queue_position": 0,
                            "seconds_left": round((pages - n) * pause, 1)}
                if not step("partitioning", progress, "document.progress"):
                    return
            with self.lock:
                if "breaks" in doc["name"]:
                    doc.update(verdict="rejected", reason="no_content", progress=None, findings=[
                        finding("content.none", 4, "reject", "No text was found on any page.", "Scan it with a higher contrast.")])
                    doc["status"] = "failed"
                    self.event("document.failed", doc)
                    return
                doc["media"], doc["page_count"] = {"pages": pages}, pages
            step("indexed")
            time.sleep(pause)
            step("ready", None, "document.ready")
        threading.Thread(target=work, daemon=True).start()

    def search(self, q):
        words = [w for w in re.findall(r"\w+", q["query"].lower()) if len(w) > 2]
        results = []
        for doc in self.documents.values():
            if doc["status"] != "ready" or q.get("types") and doc["type"] not in q["types"] or \
                    q.get("categories") and doc["category"] not in q["categories"]:
                continue
            for el in self.elements[doc["id"]]:
                if el["kind"] == "table" and el["text"] == "x":
                    lines = el["markdown"].split("\n")[2:]
                    base = el["place"].get("rows", [0])[0] or int(re.search(r"\d+", el["place"].get("range", "A5"))[0])
                    for i, line in enumerate(lines):
                        place = dict(el["place"])
                        if "rows" in place:
                            place["rows"] = [base + 1 + i] * 2
                        elif "range" in place:
                            place["range"] = f"A{base + 1 + i}:C{base + 1 + i}"
                        self.match(results, doc, el, line.strip("| "), place, words)
                else:
                    self.match(results, doc, el, el["text"], el["place"], words)
        results.sort(key=lambda r: -r["score"])
        return results[:q.get("limit", 10)]

    def match(self, results, doc, el, text, place, words):
        hits = sum(w in text.lower() for w in words)
        if not hits:
            return
        safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
        snippet = re.sub("(" + "|".join(map(re.escape, words)) + r")(\w*)", r"<mark>\1\2</mark>", safe, flags=re.I)
        results.append({"document_id": doc["id"], "document_name": doc["name"], "type": doc["type"], "category": doc["category"],
                        "chunk_id": str(el["index"] + 100), "chunk_index": el["index"], "text": text, "snippet": snippet,
                        "place": place, "places": [place], "score": hits + 1 / (1 + len(text)), "links": {}})


STATE = State()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    dist = Path(".")

    def log_message(self, *args):
        pass

    def send(self, status, body=b"", kind="application/json", **headers):
        if not isinstance(body, (bytes, bytearray)):
            body = json.dumps(body).encode()
        self.send_response(status)
        if body:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def problem(self, status, title, **more):
        extra = more.pop("headers", {})
        self.send(status, {"type": "about:blank", "title": title, "status": status, **more}, "application/problem+json", **extra)

    def allowed(self):
        if not STATE.need_key:
            return True
        cookie = re.search(r"larder_session=(\w+)", self.headers.get("Cookie", ""))
        return bool(cookie and cookie[1] in STATE.sessions)

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = {k: v[-1] for k, v in urllib.parse.parse_qs(url.query).items()}
        parts = url.path.strip("/").split("/")
        if parts[0] == "mock":
            return self.send(200, {"events": len(STATE.events), "log": STATE.log, "sockets": len(STATE.sockets)})
        if parts[0] != "v1":
            return self.file(url.path)
        if STATE.offline:
            return self.close_now()
        if parts[1:] == ["session", "methods"]:
            return self.send(200, {"key": True, **({"oidc": {"label": STATE.oidc, "url": "/v1/session/oidc"}} if STATE.oidc else {})})
        if not self.allowed():
            return self.problem(401, "A key is needed.")
        if parts[1] == "session":
            return self.send(200, {"who": "key:0123456789ab" if STATE.need_key or STATE.name else "loopback", "name": STATE.name, "role": STATE.role,
                                   "rights": STATE.rights, "partitions": []})
        if parts[1] == "events":
            return self.stream(query)
        if parts[1] == "formats":
            return self.send(200, {"formats": [{"type": t, "title": n, "extensions": x.split(), "category": c, "unit": u,
                                                "cap_bytes": 100 << 20} for t, n, x, c, u in FORMATS]})
        if parts[1] != "documents":
            return self.problem(404, "There is nothing here.")
        with STATE.lock:
            if len(parts) == 2:
                return self.listing(query)
            doc = STATE.documents.get(parts[2])
            if not doc:
                return self.problem(404, "The document does not exist.")
            if len(parts) == 3:
                return self.send(200, STATE.view(doc))
            if parts[3] == "elements":
                limit, after = int(query.get("limit", 100)), int(query.get("after", -1))
                rest = [e for e in STATE.elements[doc["id"]] if e["index"] > after]
                some = rest[:limit]
                return self.send(200, {"elements": some, "next": some[-1]["index"] if len(rest) > limit else None})
            if parts[3] == "chunks":
                some = [e for e in STATE.elements[doc["id"]] if e["index"] > int(query.get("after", -1))][:int(query.get("limit", 10))]
                return self.send(200, {"chunks": [{"id": e["index"] + 100, "index": e["index"], "text": e["text"],
                                                   "place": e["place"], "places": [e["place"]]} for e in some], "next": None})
            if parts[3] == "original":
                return self.send(200, b"the original", "application/octet-stream", Content_Disposition="attachment")
        if parts[3] == "pages" and len(parts) == 5:
            key = (int(parts[4]), int(query.get("width", 1000)))
            if key not in STATE.pictures:
                STATE.pictures[key] = page_picture(*key)
            return self.send(200, STATE.pictures[key], "image/png", Cache_Control="private, max-age=60")
        return self.problem(404, "There is nothing here.")

    def listing(self, query):
        docs = [d for d in STATE.documents.values() if query.get("type", d["type"]) == d["type"] and
                query.get("status", d["status"]) == d["status"] and query.get("q", "").lower() in d["name"].lower()]
        docs.sort(key=lambda d: -d["order"])
        rest = [d for d in docs if d["order"] < int(query["after"])] if query.get("after") else docs
        some = rest[:int(query.get("limit", 50))]
        self.send(200, {"documents": [STATE.view(d) for d in some], "total": len(docs),
                        "next": str(some[-1]["order"]) if len(rest) > len(some) else None})

    def file(self, path):
        name = path.lstrip("/")
        file = self.dist / name
        if "/" in name or name == "" or not file.is_file():
            if "." in name:
                return self.problem(404, "There is no such file.")
            file = self.dist / "index.html"
        self.send(200, file.read_bytes(), MEDIA[file.suffix], Content_Security_Policy=CSP, Cache_Control="no-cache")

    def close_now(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    # ---- events

    def stream(self, query):
        since = int(query.get("since", len(STATE.events)))
        if self.headers.get("Upgrade", "").lower() == "websocket":
            STATE.log.append(f"ws since={query.get('since')}")
            if STATE.no_ws:
                return self.problem(501, "No WebSockets here.")
            key = self.headers["Sec-WebSocket-Key"].encode()
            accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
            self.send_response(101)
            for name, value in (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.flush()
            return self.pump(since, self.frame, True)
        if "text/event-stream" in self.headers.get("Accept", ""):
            STATE.log.append(f"sse since={query.get('since')}")
            if STATE.no_sse:
                return self.problem(501, "No event streams here.")
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b": hello\n\n")
            self.close_connection = True
            return self.pump(since, lambda e: f"id: {e['seq']}\nevent: {e['kind']}\ndata: {json.dumps(e)}\n\n".encode(), False)
        STATE.log.append(f"poll since={query.get('since')}")
        with STATE.lock:
            return self.send(200, {"events": STATE.events[max(0, since):][:500], "last": len(STATE.events)})

    @staticmethod
    def frame(event):
        data = json.dumps(event).encode()
        head = bytes([0x81, len(data)]) if len(data) < 126 else struct.pack(">BBH", 0x81, 126, len(data))
        return head + data

    def pump(self, since, encode, reads):
        conn = self.connection
        gone = threading.Event()
        if reads:  # a closing browser sends a frame; nothing else matters here
            threading.Thread(target=lambda: (self.until_closed(conn), gone.set()), daemon=True).start()
        with STATE.lock:
            STATE.sockets.append(conn)
        try:
            while not gone.is_set():
                with STATE.lock:
                    if since >= len(STATE.events):
                        STATE.change.wait(0.5)
                    fresh = STATE.events[since:]
                for event in fresh:
                    self.wfile.write(encode(event))
                    since = event["seq"]
                self.wfile.flush()
        except (OSError, ValueError):
            pass
        with STATE.lock:
            if conn in STATE.sockets:
                STATE.sockets.remove(conn)
        self.close_connection = True

    @staticmethod
    def until_closed(conn):
        try:
            while True:
                data = conn.recv(4096)
                if not data or data[0] & 0x0F == 8:
                    return
        except OSError:
            pass

    # ---- writes

    def do_DELETE(self):
        parts = self.path.strip("/").split("/")
        self.body()
        if parts[:2] == ["v1", "session"]:
            STATE.sessions.clear()
            return self.send(204)
        if not self.allowed():
            return self.problem(401, "A key is needed.")
        if self.headers.get("X-Larder-Client") != "web":
            return self.problem(403, "Writes of the web app carry X-Larder-Client.")
        with STATE.lock:
            doc = STATE.documents.pop(parts[2], None)
            if not doc:
                return self.problem(404, "The document does not exist.")
            STATE.event("document.deleted", doc)
        return self.send(204)

    def do_POST(self):
        url = urllib.parse.urlsplit(self.path)
        parts = url.path.strip("/").split("/")
        if parts[0] == "mock":
            return self.control(parts[1], json.loads(self.body() or b"{}"))
        if STATE.offline:
            return self.close_now()
        data = self.body()
        if parts[:2] == ["v1", "session"]:
            if json.loads(data).get("key") != KEY:
                return self.problem(401, "The key is not known here.")
            token = hashlib.sha256(str(time.time()).encode()).hexdigest()
            STATE.sessions.add(token)
            return self.send(204, Set_Cookie=f"larder_session={token}; HttpOnly; SameSite=Strict; Path=/")
        if not self.allowed():
            return self.problem(401, "A key is needed.")
        if self.headers.get("X-Larder-Client") != "web":
            return self.problem(403, "Writes of the web app carry X-Larder-Client.")
        if parts[:2] == ["v1", "search"]:
            started = time.perf_counter()
            q = json.loads(data)
            with STATE.lock:
                results = STATE.search(q)
            return self.send(200, {"results": results, "took_ms": (time.perf_counter() - started) * 1000, "engine": "words"})
        if parts == ["v1", "documents"]:
            return self.receive(data)
        with STATE.lock:
            doc = STATE.documents.get(parts[2])
            if not doc:
                return self.problem(404, "The document does not exist.")
            if parts[3] == "cancel":
                doc.update(status="failed", errors=["cancelled"], progress=None)
                STATE.event("document.failed", doc)
            else:
                doc.update(status="pending", verdict="accepted", progress=None)
                STATE.event("document.updated", doc)
                STATE.read(doc)
            return self.send(200, STATE.view(doc))

    def receive(self, data):
        if STATE.busy > 0:
            STATE.busy -= 1
            return self.problem(503, "Larder is busy.", headers={"Retry_After": "1"})
        name = re.search(rb'filename="((?:[^"])*)"', data)
        name = name[1].decode().replace("%22", '"') if name else "unnamed.txt"
        time.sleep(STATE.slow_check)
        digest = hashlib.sha256(data.split(b"\r\n\r\n", 1)[-1].rsplit(b"\r\n--", 1)[0]).hexdigest()
        with STATE.lock:
            old = next((d for d in STATE.documents.values() if d.get("sha256") == digest), None)
            if old:
                return self.send(200, {**STATE.view(old), "duplicate": True})
            if "refused" in name:
                return self.problem(422, "The file was refused.", detail="The file was refused for 2 reasons.",
                                    verdict="rejected", reason="type_mismatch", findings=RECEIVE["refused"])
            held = "held" in name
            doc = STATE.add(name, status="quarantined" if held else "pending", age=0, sha256=digest,
                            findings=RECEIVE["held"] if held else [], verdict="quarantined" if held else "accepted",
                            size=len(data), progress={"unit": "page", "done": 0, "total": 0, "queue_position": 1,
                                                      "seconds_left": None})
            STATE.event("document.created", doc)
            answer = STATE.view(doc)
            if not held:
                STATE.read(doc)
        self.send(201, answer, Location="/v1/documents/" + doc["id"])

    def control(self, what, args):
        with STATE.lock:
            if what == "reset":
                STATE.reset(args.get("empty", False))
            elif what == "role":  # signed in with a key of this role
                STATE.role, STATE.rights, STATE.name = args["role"], args.get("rights", RIGHTS[args["role"]]), "Test key"
            elif what == "set":
                for name, value in args.items():
                    setattr(STATE, name, value)
            elif what == "add":
                for i in range(args["count"]):
                    STATE.add(f"bulk-{i:03d}.txt")
            elif what == "trial":  # the server tests itself
                STATE.event("document.created", STATE.add("larder-canary.txt", partition="larder-canary", age=0))
            if what == "drop" or what == "reset":
                for conn in list(STATE.sockets):
                    try:
                        conn.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass
            STATE.change.notify_all()
        self.send(200, {})


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # a browser that leaves in the middle


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dist", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    args = parser.parse_args()
    Handler.dist = args.dist
    server = Server(("127.0.0.1", args.port), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
