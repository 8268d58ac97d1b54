#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""kill -9 against the whole server, with a ledger: what was acknowledged must be there after the restart and reach its end.

  tests/fault/run.py [--rounds N] [--seed N] [--build FOLDER]

Each round uploads documents from several threads, kills the server (or one of its readers, or both) at a random moment, starts
it again on the same folder and asks for every document that was ever acknowledged. Prints `ok` and `not ok` lines.
"""
import argparse
import hashlib
import os
import pathlib
import random
import shutil
import signal
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import harness  # noqa: E402

THREADS = 3
SAMPLES = ["fryer-manual.pdf", "closing-checklist.docx", "cleaning-schedule.xlsx", "food-safety.pptx", "allergens.csv",
           "shift-handover.md", "equipment-notes.txt"]


def body_of(name, mark):
    """The sample with a mark, so that each upload has content of its own and stays readable."""
    body = harness.sample(name)
    if name.endswith(".pdf"):
        return body + b"\n% " + mark
    if name.endswith(("docx", "xlsx", "pptx")):  # the comment at the end of a zip
        at = body.rindex(b"PK\x05\x06")
        return body[:at + 20] + len(mark).to_bytes(2, "little") + mark
    return body + b"\n" + mark + b"\n"


class Round:
    def __init__(self, server, rng, number, ledger):
        self.server, self.rng, self.number, self.ledger = server, rng, number, ledger
        self.stop = threading.Event()
        self.lock = threading.Lock()

    def upload_some(self, thread):
        rng = random.Random((self.number, thread, self.rng.random()).__hash__())
        for i in range(40):
            if self.stop.is_set():
                return
            name = rng.choice(SAMPLES)
            body = body_of(name, b"round %d thread %d upload %d" % (self.number, thread, i))
            try:
                reply = self.server.upload(f"{self.number}-{thread}-{i}-{name}", body)
            except Exception:  # noqa: BLE001 - the server was killed: this upload was not acknowledged
                return
            if reply.status in (200, 201):
                with self.lock:
                    self.ledger[reply.json["id"]] = hashlib.sha256(body).hexdigest()

    def readers(self):
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1] == str(self.server.process.pid):
                    found.append(int(pid))
            except OSError:
                pass
        return found

    def run(self):
        threads = [threading.Thread(target=self.upload_some, args=(t,)) for t in range(THREADS)]
        for thread in threads:
            thread.start()
        time.sleep(self.rng.uniform(0.01, 0.8))
        if self.rng.random() < 0.4:
            for pid in self.readers()[:1]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(self.rng.uniform(0, 0.2))
        self.server.stop(signal.SIGKILL)
        self.stop.set()
        for thread in threads:
            thread.join()
        self.server.start()


def check(server, ledger, seconds):
    """Problems with acknowledged documents; waits until each has reached its end."""
    problems, end = [], time.monotonic() + seconds
    for one, digest in ledger.items():
        while True:
            reply = server.call("GET", f"/v1/documents/{one}")
            if reply.status != 200:
                problems.append(f"{one} is lost: {reply.status}")
                break
            document = reply.json
            if document["sha256"] != digest:
                problems.append(f"{one} has other content")
            if document["status"] == "ready":
                break
            if document["status"] in harness.ENDS or time.monotonic() > end:
                problems.append(f"{one} {document['name']} ended {document['status']} {document['errors']}")
                break
            time.sleep(0.05)
    return problems


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--rounds", type=int, default=200)
    args.add_argument("--seed", type=int, default=int(time.time()))
    args.add_argument("--build", default="build")
    options = args.parse_args()
    harness.Server.build = harness.ROOT / options.build
    rng = random.Random(options.seed)
    ledger, problems = {}, []
    server = harness.Server(data=harness.tempfile.mkdtemp(prefix="larder-kill-")).start()
    try:
        for number in range(options.rounds):
            Round(server, rng, number, ledger).run()
            lost = [one for one in ledger if server.call("GET", f"/v1/documents/{one}").status != 200] if number % 10 == 9 else []
            problems += [f"round {number}: {one} is lost" for one in lost]
            if problems:
                break
        problems += check(server, ledger, 900)
        total = server.call("GET", "/v1/documents?limit=1").json["total"]
        sample = rng.sample(sorted(ledger), min(20, len(ledger)))
        for one in sample:
            original = server.call("GET", f"/v1/documents/{one}/original").body
            if hashlib.sha256(original).hexdigest() != ledger[one]:
                problems.append(f"{one}: the original differs from what was uploaded")
        stats = server.call("GET", "/v1/status").json
        if stats["jobs"]["queued"] or stats["jobs"]["running"]:
            problems.append(f"jobs are left over: {stats['jobs']}")
        if server.stop() != 0:
            problems.append("the last stop was not clean")
    finally:
        if server.process.poll() is None:
            server.stop(signal.SIGKILL)
        shutil.rmtree(server.data, ignore_errors=True)
        for suffix in (".log", ".key"):
            (server.data.parent / (server.data.name + suffix)).unlink(missing_ok=True)
    said = f"{options.rounds} rounds of kill -9, {len(ledger)} acknowledged, {total} there, seed {options.seed}"
    print(f"{'not ok' if problems else 'ok'} nothing acknowledged is lost: {said}" + "".join("; " + p for p in problems[:20]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
