# SPDX-License-Identifier: AGPL-3.0-or-later
"""A Larder server for measuring: the starter of the end-to-end tests, started by `time`, asked over kept connections."""
import http.client
import json
import os
import pathlib
import shutil
import signal
import select
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

from . import measure

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "tests" / "e2e"))
import harness  # noqa: E402

POLL_SECONDS = 0.002
POLL_SHARE = 0.02  # of the time passed: the error of what is measured this way
ENDS = harness.ENDS


class Server(harness.Server):
    """settings as in harness. start() returns self; `process` is the server itself, not the `time` that started it."""

    def __init__(self, build, weigh, settings=None):
        super().__init__(settings, tempfile.mkdtemp(prefix="larder-bench-data-"))
        self.build, self.weigh, self.kept = build, weigh, None

    def start(self, wait=True):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        key_file = self.data.parent / (self.data.name + ".key")
        key_file.write_text(self.key + "\n")
        key_file.chmod(0o600)
        env = {k: v for k, v in os.environ.items() if not k.startswith("LARDER_")}
        env.update({f"LARDER_{k.upper()}": str(v) for k, v in self.settings.items()}, LARDER_ADMIN_KEY_FILE=str(key_file))
        self.log = open(self.log_path, "ab")
        self.outer = subprocess.Popen(["/usr/bin/time", "-q", "-o", str(self.weigh), "-f", "%M", str(self.build / "larder"), "serve",
                                       "--data", str(self.data), "--listen", f"127.0.0.1:{self.port}"], stdin=subprocess.DEVNULL,
                                      stdout=self.log, stderr=self.log, env=env)
        self.process = self.outer
        self.wait_ready()
        self.process = Started(measure.tree(self.outer.pid)[1])
        return self

    def stop_weighed(self):
        """Ends the server; the peak memory in KiB of the largest of it and its readers."""
        if self.kept:
            self.kept.close()
        os.kill(self.process.pid, signal.SIGTERM)
        try:
            self.outer.wait(30)
        except subprocess.TimeoutExpired:
            os.kill(self.process.pid, signal.SIGKILL)
            self.outer.wait()
        self.log.close()
        shutil.rmtree(self.data, ignore_errors=True)
        for suffix in (".log", ".key"):
            (self.data.parent / (self.data.name + suffix)).unlink(missing_ok=True)
        return int(pathlib.Path(self.weigh).read_text().split()[-1])

    def ask(self, method, path, body=None, kind="application/json", timeout=60):
        """(status, JSON) over one kept connection, which is made anew once if the server has closed it."""
        headers = {"Authorization": f"Bearer {self.key}"}
        if body is not None:
            headers["Content-Type"] = kind
        if self.kept is not None and select.select([self.kept.sock], [], [], 0)[0]:
            self.kept.close()  # closed by the server while nothing was asked
            self.kept = None
        for again in (True, False):
            if self.kept is None:
                self.kept = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
                self.kept.connect()
                self.kept.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                self.kept.sock.settimeout(timeout)
                self.kept.request(method, path, body=body, headers=headers)
                reply = self.kept.getresponse()
                content = reply.read()
                if reply.will_close:
                    self.kept.close()
                    self.kept = None
                return reply.status, json.loads(content) if content else {}
            except (OSError, http.client.HTTPException):
                self.kept.close()
                self.kept = None
                if not again or method == "POST":
                    raise
        return None

    def upload(self, name, content, timeout=60, **query):
        return self.ask("POST", "/v1/documents?" + urllib.parse.urlencode({"name": name, **query}), content, "application/octet-stream", timeout)

    def until_end(self, document_id, timeout=60):
        """Polls until the document is ready, failed or held; less often the longer it takes, so that asking costs little."""
        start = time.monotonic()
        while time.monotonic() < start + timeout:
            _, document = self.ask("GET", f"/v1/documents/{document_id}")
            if document["status"] in ENDS:
                return document
            time.sleep(max(POLL_SECONDS, (time.monotonic() - start) * POLL_SHARE))
        raise TimeoutError(f"over {timeout:.0f} s")

    def delete(self, document_id):
        self.ask("DELETE", f"/v1/documents/{document_id}")

    def chars(self, document_id):
        return sum(len((one.get("text") or "").strip()) for one in self.elements(document_id))


class Started:
    """The server as a process that another program is the parent of."""

    def __init__(self, pid):
        self.pid = pid

    def poll(self):
        return None if pathlib.Path(f"/proc/{self.pid}").exists() else 1
