# SPDX-License-Identifier: AGPL-3.0-or-later
"""Speech: the seconds of found words, a speech service that is well, slow to come back or gone, and reading again what was missed."""
import contextlib
import http.server
import json
import pathlib
import re
import tempfile
import threading
import time

from harness import Server, Skip, fixture

# What the fixture says at which second; tests/fixtures/_media.py made it so.
MOMENTS = (("walk cooler", 3.0, 5.9), ("bread warm", 12.0, 14.0), ("lettuce tomato", 13.4, 16.4), ("yellow paper", 18.6, 20.5),
           ("date label", 30.0, 32.0))


def codes(document):
    return [f["code"] for f in document["findings"]]


class Service:
    """An OpenAI-style speech service by a script: good, broken (500), garbled, denied (401), moved (302), long; `then` good after `failures`."""

    def __init__(self, how="good", failures=10 ** 9, words=("alpha", "bravo", "charlie")):
        self.how, self.failures, self.words, self.requests, self.keys, self.visited = how, failures, words, [], [], []
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_GET(self):
                service.visited.append(self.path)
                self.answer(200, b"{}")

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.keys.append(self.headers.get("Authorization"))
                service.requests.append(body)
                how = service.how if len(service.requests) <= service.failures else "good"
                if how == "silent":
                    time.sleep(20)
                if how == "good":
                    said = [{"word": w, "start": 1.0 + i, "end": 1.5 + i} for i, w in enumerate(service.words)]
                    text = " ".join(service.words) + "."
                    self.answer(200, json.dumps({"task": "transcribe", "language": "english", "text": text, "words": said,
                                                 "segments": [{"id": 0, "start": 1.0, "end": 4.5, "text": text}]}).encode())
                elif how == "moved":
                    self.answer(302, b"", f"http://127.0.0.1:{service.port}/elsewhere")
                else:
                    self.answer(*{"silent": (500, b""), "broken": (500, b"no"), "garbled": (200, b"{\"text\": 7}"), "denied": (401, b"{}"),
                                  "long": (200, b" " * (3 << 20))}[how])

            def answer(self, status, body, location=None):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                if location:
                    self.send_header("Location", location)
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/v1/audio/transcriptions"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()


def test_found_words_are_at_their_second():
    with Server() as server:
        document = server.add("moments.mp3", fixture("moments.mp3"))
        if "speech.no_model" in codes(document):
            raise Skip("there is no speech model")
        spoken = [e for e in server.elements(document["id"]) if e["kind"] == "speech"]
        for e in spoken:
            words = e["data"]["words"]
            assert [w["word"] for w in words] == e["text"].split(" "), e
            assert abs(words[0]["start"] - e["place"]["time"][0]) < 0.02 and abs(words[-1]["end"] - e["place"]["time"][1]) < 0.02, e
            assert all(a["start"] <= b["start"] for a, b in zip(words, words[1:])), e
        for query, start, end in MOMENTS:
            results = server.search(query)
            assert results, (query, [e["text"] for e in spoken])
            place = results[0]["place"]["time"]
            assert abs(place[0] - start) < 2 and abs(place[1] - end) < 2, (query, place, (start, end))
            assert f"#t={place[0]:.2f}" in results[0]["links"]["play"], results[0]["links"]


def test_a_service_hears_and_its_words_are_found_at_their_second():
    with Service() as service, tempfile.TemporaryDirectory() as folder:
        key = pathlib.Path(folder, "key")
        key.write_text("secret-of-the-service\n")
        with Server({"speech_model": service.url, "speech_key_file": key, "speech_name": "small"}) as server:
            document = server.add("fryer.wav", fixture("fryer.wav"))
            assert document["findings"] == [] and document["media"]["language"] == "english", document
            assert service.keys == ["Bearer secret-of-the-service"], service.keys
            body = service.requests[0]
            assert b'name="model"\r\n\r\nsmall' in body and b"verbose_json" in body and body.count(b"timestamp_granularities[]") == 2
            head = body.index(b"RIFF")
            assert body[head + 8:head + 16] == b"WAVEfmt " and int.from_bytes(body[head + 24:head + 28], "little") == 16000
            spoken = [e for e in server.elements(document["id"]) if e["kind"] == "speech"]
            assert [e["text"] for e in spoken] == ["alpha bravo charlie."], spoken
            hit = server.search("charlie")[0]
            assert hit["place"]["time"] == [3.0, 3.5], hit["place"]
            log = server.log_text()
            assert "secret-of-the-service" not in log


def test_a_service_with_trouble_for_a_moment_is_asked_again():
    with Service("broken", failures=2) as service, Server({"speech_model": service.url}) as server:
        document = server.add("fryer.wav", fixture("fryer.wav"))
        assert document["findings"] == [] and len(service.requests) == 3, (document["findings"], len(service.requests))
    with Service("garbled", failures=4) as service, Server({"speech_model": service.url}) as server:
        document = server.add("fryer.wav", fixture("fryer.wav"))  # one attempt of the job fails, the next one is well
        assert document["findings"] == [] and len(service.requests) == 5, (document["findings"], len(service.requests))


def test_what_a_service_missed_is_read_later():
    with Service() as gone:
        url = gone.url
    with Server({"speech_model": url}) as server:
        document = server.add("training.mp4", fixture("training.mp4"))
        assert codes(document) == ["speech.unread"], document["findings"]
        assert document["findings"][0]["message"].startswith("Speech was not read: the speech service did not answer"), document["findings"]
        assert document["verdict"] == "accepted_with_warnings"
        assert server.search("lock the back door"), "the subtitles are there all the same"
        assert not server.search("bravo")
        with Service() as service:
            server.stop()
            server.settings["speech_model"] = service.url
            server.start()
            done = server.cli("reread", "--missing", "speech", check=0)
            assert done.stdout.startswith("1 documents will be read again"), done.stdout
            document = server.wait(document["id"])
            deadline = time.monotonic() + 30
            while codes(document) and time.monotonic() < deadline:
                time.sleep(0.1)
                document = server.call("GET", f"/v1/documents/{document['id']}").json
            assert codes(document) == [] and document["status"] == "ready" and document["verdict"] == "accepted", document
            assert server.search("bravo")[0]["place"]["time"] == [2.0, 2.5]


def test_a_refusal_of_the_service_is_said_and_not_repeated():
    with Service("denied") as service, Server({"speech_model": service.url}) as server:
        document = server.add("fryer.wav", fixture("fryer.wav"))
        assert codes(document) == ["speech.unread"] and "key" in document["findings"][0]["message"], document["findings"]
        assert len(service.requests) == 1
        service.how = "moved"
        server.call("POST", f"/v1/documents/{document['id']}/reread")
        deadline = time.monotonic() + 30
        while len(service.requests) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        document = server.wait(document["id"])
        time.sleep(0.5)
        assert service.visited == [] and len(service.requests) == 2, "a redirect is not followed"
        service.how = "long"
        server.call("POST", f"/v1/documents/{document['id']}/reread")
        time.sleep(0.5)
        document = server.wait(document["id"])
        assert codes(document) == ["speech.unread"], document["findings"]


def test_reading_stops_at_once_while_a_service_is_waited_for():
    with Service("silent") as service, Server({"speech_model": service.url}) as server:
        document = server.upload("fryer.wav", fixture("fryer.wav")).json
        deadline = time.monotonic() + 20
        while not service.requests and time.monotonic() < deadline:
            time.sleep(0.02)
        start = time.monotonic()
        assert server.call("POST", f"/v1/documents/{document['id']}/cancel").status == 200
        while server.call("GET", "/v1/status").json["jobs"]["running"] or server.call("GET", f"/v1/documents/{document['id']}").json["status"] != "failed":
            assert time.monotonic() - start < 3
            time.sleep(0.02)
        other = server.add("note.txt", b"The worker is free again.\n")
        assert other["status"] == "ready" and time.monotonic() - start < 3, time.monotonic() - start


def test_documents_read_without_a_model_are_read_again_with_one():
    with Server({"speech_model": "none"}) as server:
        document = server.add("fryer.wav", fixture("fryer.wav"))
        assert codes(document) == ["speech.no_model"] and not server.search("every evening"), document
        untouched = server.add("tags.mp3", fixture("tags.mp3"), mode='{"audio": false}')
        assert codes(untouched) == ["mode.left_out"], untouched["findings"]
        server.stop()
        del server.settings["speech_model"]
        server.start()
        done = server.cli("reread", "--missing", "speech", check=0)
        assert done.stdout.startswith("1 documents will be read again"), done.stdout
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            document = server.call("GET", f"/v1/documents/{document['id']}").json
            if document["status"] == "ready" and "speech.no_model" not in codes(document):
                break
            time.sleep(0.1)
        else:
            raise Skip("there is no speech model")
        hit = server.search("grill every evening")[0]
        assert hit["document_id"] == document["id"] and 2 < hit["place"]["time"][0] < 6.5, hit["place"]
        again = server.cli("reread", "--missing", "speech", check=0)
        assert again.stdout.startswith("0 documents"), again.stdout


def test_a_wrong_speech_address_is_named_at_the_start():
    server = Server({"speech_model": "http://user:word@127.0.0.1/v1"})
    try:
        server.start()
        raise AssertionError("it started")
    except AssertionError as error:
        assert "speech.model" in str(error) and "word@" not in re.sub(r"\s", "", str(error)), error
    finally:
        server.log.close()
