# SPDX-License-Identifier: AGPL-3.0-or-later
"""The virus scanner: a scripted clamd on loopback, each of its ways to answer, and what becomes of the upload."""
import contextlib
import json
import socket
import threading
import time

from harness import Server, sample

VERSION = b"ClamAV 1.0.7/27400/Mon Jan  1 08:00:00 2024\0"


class Clamd:
    """Answers INSTREAM by a script: good, found, silent, garbled, early (closes before the end), limit."""

    def __init__(self, how="good"):
        self.how, self.scanned = how, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client, contextlib.suppress(OSError), client.makefile("rb") as stream:
            command = b""
            while not command.endswith(b"\0"):
                command += stream.read(1)
            if command == b"zVERSION\0":
                client.sendall(VERSION)
                return
            if self.how == "early":
                return
            if self.how == "limit":
                client.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                return
            body = b""
            while size := int.from_bytes(stream.read(4), "big"):
                body += stream.read(size)
            self.scanned.append(body)
            if self.how == "silent":
                time.sleep(8)
            elif self.how == "garbled":
                client.sendall(b"stream: perhaps\0")
            elif self.how == "found" or b"EICAR" in body:
                client.sendall(b"stream: Win.Test.EICAR_HDB-1 FOUND\0")
            else:
                client.sendall(b"stream: OK\0")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def codes(document):
    return [f["code"] for f in document["findings"]]


def test_a_clean_file_is_taken_in_and_the_scanner_saw_all_of_it():
    with Clamd() as clamd, Server({"clamd_address": clamd.address}) as server:
        body = sample("shift-handover.md")
        document = server.add("handover.md", body)
        assert document["verdict"] == "accepted", document
        assert clamd.scanned == [body]
        status = server.call("GET", "/v1/status").json["scanner"]
        assert status["configured"] and status["answers"] and status["message"].startswith("ClamAV 1.0.7"), status
        checks = server.call("GET", "/health").json["checks"]
        assert checks["scanner:answers"][0]["status"] == "pass", checks


def test_a_known_signature_is_refused_by_its_name():
    with Clamd() as clamd, Server({"clamd_address": clamd.address}) as server:
        reply = server.upload("note.txt", b"EICAR test words that the scanner knows.\n")
        assert reply.status == 422 and reply.json["reason"] == "malware_signature", reply.body
        assert reply.json["verdict"] == "rejected"
        found = [f for f in reply.json["findings"] if f["code"] == "malware.signature"]
        assert len(found) == 1 and "Win.Test.EICAR_HDB-1" in found[0]["message"] and found[0]["layer"] == 5, reply.json
        assert server.call("GET", "/v1/documents").json["total"] == 0


def test_a_scanner_that_fails_in_any_way_means_quarantine():
    with Clamd() as clamd, Server({"clamd_address": clamd.address, "clamd_seconds": 2}) as server:
        for how, words in (("silent", "in time"), ("garbled", "no sense"), ("early", "no sense"), ("limit", "larger")):
            clamd.how = how
            reply = server.upload(f"{how}.txt", f"Words of the file for {how}.\n".encode())
            assert reply.status == 201, (how, reply.body)
            document = reply.json
            assert document["status"] == "quarantined" and document["verdict"] == "quarantined", (how, document)
            found = [f for f in document["findings"] if f["code"] == "malware.not_scanned"]
            assert len(found) == 1 and words in found[0]["message"] and "release" in found[0]["advice"], (how, found)
            assert server.call("GET", f"/v1/documents/{document['id']}/original").status == 409
        released = server.call("POST", f"/v1/documents/{document['id']}/release")
        assert released.status == 200, released.body
        assert server.wait(document["id"])["status"] == "ready"


def test_a_scanner_that_is_down_means_quarantine_and_is_reported():
    with Clamd() as clamd:
        address = clamd.address
    with Server({"clamd_address": address}) as server:
        document = server.upload("note.txt", b"Nobody scanned these words.\n").json
        assert document["status"] == "quarantined" and codes(document) == ["malware.not_scanned"], document
        status = server.call("GET", "/v1/status").json["scanner"]
        assert status["configured"] and not status["answers"] and status["message"], status
        assert server.call("GET", "/health").json["status"] == "warn"
        done = server.cli("doctor", "--json", env={"LARDER_CLAMD_ADDRESS": address}, check=1)
        scanner = next(c for c in json.loads(done.stdout) if c["check"] == "scanner")
        assert scanner["status"] == "fail", scanner


def test_doctor_names_the_scanner_that_answers():
    with Clamd() as clamd, Server() as server:
        done = server.cli("doctor", env={"LARDER_CLAMD_ADDRESS": clamd.address})
        assert "The virus scanner answers: ClamAV 1.0.7" in done.stdout, done.stdout
        assert "not scanned" in server.cli("doctor").stdout


def test_files_over_the_stream_cap_are_held_and_not_sent():
    with Clamd() as clamd, Server({"clamd_address": clamd.address, "clamd_stream_cap": "1KiB"}) as server:
        document = server.upload("long.txt", b"word " * 500).json
        assert document["status"] == "quarantined" and codes(document) == ["malware.not_scanned"], document
        assert clamd.scanned == []


def test_a_wrong_address_is_named_at_the_start():
    server = Server({"clamd_address": "nowhere"})
    try:
        server.start()
        raise AssertionError("it started")
    except AssertionError as error:
        assert "clamd.address" in str(error), error
    finally:
        server.log.close()
