# SPDX-License-Identifier: AGPL-3.0-or-later
"""A real server on a free loopback port with a data folder of its own, and small clients for its faces. Standard library only."""
import base64
import collections
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
START_SECONDS = 60
WAIT_SECONDS = 120
ENDS = ("ready", "failed", "quarantined")


class Skip(Exception):
    """A test that can't run here; the text says why."""


def until(ask, what, seconds=30):
    """What ask() gives as soon as that is true; `what` says what did not come if it never is."""
    end = time.monotonic() + seconds
    while not (got := ask()):
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.05)
    return got


class Service:
    """An HTTP service that a test plays, from its making to close(): a subclass says answer(method, path, headers, body) ->
    (status, headers, body). Headers come with names in lower case. A body that goes out is bytes, a dict or list (as JSON), or
    yields pieces, each sent at once."""

    path = ""  # of its url

    def __init__(self, port=0):
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, headers, body = service.answer(self.command, self.path, headers, asked)
                if isinstance(body, (dict, list)):
                    body, headers = json.dumps(body).encode(), {"Content-Type": "application/json", **headers}
                if isinstance(body, bytes):
                    body, headers = [body], {"Content-Length": len(body), **headers}
                with contextlib.suppress(OSError):  # who asked may be gone
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                    for piece in body:
                        self.wfile.write(piece)

            do_POST = do_GET

            def log_message(self, *args):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.http.daemon_threads = True
        self.port = self.http.server_port
        self.url = f"http://127.0.0.1:{self.port}{self.path}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


class Receiver(Service):
    """Keeps what it got. answers: (status, headers, body) for the next requests; afterwards 200 and an empty object."""

    Got = collections.namedtuple("Got", "time path headers body")

    def __init__(self, answers=(), port=0):
        self.got, self.answers = [], list(answers)
        super().__init__(port)

    def answer(self, method, path, headers, body):
        self.got.append(self.Got(time.monotonic(), path, headers, body))
        return self.answers.pop(0) if self.answers else (200, {}, {})


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Server:
    """One `larder serve`. With keep=True the folder outlives stop(), for tests of restarts."""

    build = ROOT / "build"

    def __init__(self, settings=None, data=None, key=True):
        self.data = pathlib.Path(data or tempfile.mkdtemp(prefix="larder-e2e-"))
        self.owned = data is None
        self.key = "e2e-" + secrets.token_hex(16) if key else None
        self.settings = dict(settings or {})
        self.settings.setdefault("embeddings_model", "off")  # tests of meaning turn it on
        if "asan" in str(self.build):  # the sanitizer's shadow counts as the reader's memory
            self.settings.setdefault("reader_memory", "1536MiB")
        self.process = None
        self.log_path = self.data.parent / (self.data.name + ".log")

    def start(self, wait=True):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        env = {k: v for k, v in os.environ.items() if not k.startswith("LARDER_")}
        env.update({f"LARDER_{k.upper()}": str(v) for k, v in self.settings.items()})
        if self.key:
            key_file = self.data.parent / (self.data.name + ".key")
            key_file.write_text(self.key + "\n")
            key_file.chmod(0o600)
            env["LARDER_ADMIN_KEY_FILE"] = str(key_file)
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen([self.build / "larder", "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port}"],
                                        stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, env=env)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        def is_ready():
            assert self.process.poll() is None, f"the server ended at its start: {self.log_text()[-1500:]}"
            with contextlib.suppress(OSError):
                return self.call("GET", "/readyz").status == 200

        until(is_ready, "the server is ready", START_SECONDS)

    def log_text(self):
        return self.log_path.read_text(errors="replace")

    def stop(self, how=signal.SIGTERM):
        """Ends the server; its exit code."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError("the server did not stop within 30 s") from None
        code = self.process.returncode if self.process else None
        self.log.close()
        return code

    def __enter__(self):
        return self.start()

    def __exit__(self, *error):
        code = self.stop()
        log = self.log_text()
        if self.owned:
            shutil.rmtree(self.data, ignore_errors=True)
        for suffix in (".log", ".key"):
            (self.data.parent / (self.data.name + suffix)).unlink(missing_ok=True)
        if error[0] is None:
            assert code == 0, f"the server ended with {code}: {log[-3000:]}"
            for bad in ("AddressSanitizer", "runtime error:", "BUG at"):
                assert bad not in log, log[log.index(bad):][:3000]

    # ---- calls

    def connection(self, timeout=60):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def socket(self, timeout=30):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def call(self, method, path, body=None, headers=None, key=True, timeout=60):
        headers = dict(headers or {})
        if key and self.key and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {self.key}"
        if isinstance(body, (dict, list)):
            body, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        connection = self.connection(timeout)
        try:
            connection.request(method, path, body=body, headers=headers)
            reply = connection.getresponse()
            return Reply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
        finally:
            connection.close()

    def upload(self, name, body, **query):
        query["name"] = name
        return self.call("POST", "/v1/documents?" + urllib.parse.urlencode(query), body,
                         {"Content-Type": "application/octet-stream"})

    def wait(self, document_id, seconds=WAIT_SECONDS):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            document = self.call("GET", f"/v1/documents/{document_id}").json
            if document["status"] in ENDS:
                return document
            time.sleep(0.02)
        raise AssertionError(f"the document did not reach its end in {seconds} s: {document}")

    def add(self, name, body, **query):
        """Uploads and waits; the document, which must be ready."""
        reply = self.upload(name, body, **query)
        assert reply.status in (200, 201), (name, reply.status, reply.body[:600])
        document = self.wait(reply.json["id"])
        assert document["status"] == "ready", (name, document["status"], document["findings"], document["errors"])
        return document

    def elements(self, document_id):
        found, after = [], -1
        while after is not None:
            page = self.call("GET", f"/v1/documents/{document_id}/elements?limit=300&after={after}").json
            found += page["elements"]
            after = page["next"]
        return found

    def search(self, query, **more):
        reply = self.call("POST", "/v1/search", {"query": query, **more})
        assert reply.status == 200, reply.body
        return reply.json["results"]

    def cli(self, *args, env=None, check=None):
        done = subprocess.run([str(self.build / "larder"), *map(str, args)], capture_output=True, text=True, timeout=120,
                              stdin=subprocess.DEVNULL, env={"PATH": os.environ["PATH"], "LARDER_SERVER_DATA": str(self.data),
                                                             **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")},
                                                             **(env or {})})
        if check is not None:
            assert done.returncode == check, (args, done.returncode, done.stdout[-800:], done.stderr[-800:])
        return done


class WebSocket:
    """As much of RFC 6455 as a test needs: connect, read text frames, answer pings."""

    def __init__(self, server, path, headers=None):
        self.socket = server.socket()
        lines = {"Host": f"127.0.0.1:{server.port}", "Upgrade": "websocket", "Connection": "Upgrade",
                 "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": base64.b64encode(secrets.token_bytes(16)).decode(),
                 "Authorization": f"Bearer {server.key}", **(headers or {})}
        head = f"GET {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items() if v is not None) + "\r\n"
        self.socket.sendall(head.encode())
        self.rest = b""
        answer = self._until(b"\r\n\r\n")
        self.status = int(answer.split(b" ", 2)[1])

    def _until(self, mark):
        while mark not in self.rest:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError
            self.rest += more
        head, self.rest = self.rest.split(mark, 1)
        return head

    def _bytes(self, n):
        while len(self.rest) < n:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError
            self.rest += more
        out, self.rest = self.rest[:n], self.rest[n:]
        return out

    def _send(self, opcode, payload):
        mask = secrets.token_bytes(4)
        assert len(payload) < 126
        self.socket.sendall(bytes([0x80 | opcode, 0x80 | len(payload)]) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))

    def _frame(self):
        first, second = self._bytes(2)
        size = second & 127
        if size == 126:
            size, = struct.unpack(">H", self._bytes(2))
        elif size == 127:
            size, = struct.unpack(">Q", self._bytes(8))
        return first & 15, self._bytes(size)

    def event(self):
        while True:
            opcode, payload = self._frame()
            if opcode == 9:
                self._send(10, payload)
            elif opcode == 8:
                raise EOFError
            elif opcode == 1:
                return json.loads(payload)

    def close(self):
        with contextlib.suppress(OSError):
            self._send(8, b"\x03\xe8")
        self.socket.close()


def fixture(name):
    return (ROOT / "tests" / "fixtures" / name).read_bytes()


def sample(name):
    return (ROOT / "samples" / name).read_bytes()
