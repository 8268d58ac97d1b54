# SPDX-License-Identifier: AGPL-3.0-or-later
"""Speech: the seconds of found words, a speech service that is well, slow to come back or gone, and reading again what was missed."""
import pathlib
import re
import tempfile
import time

from harness import Server, Service, Skip, fixture, until

# What the fixture says at which second; tests/fixtures/_media.py made it so.
MOMENTS = (("walk cooler", 3.0, 5.9), ("bread warm", 12.0, 14.0), ("lettuce tomato", 13.4, 16.4), ("yellow paper", 18.6, 20.5),
           ("date label", 30.0, 32.0))


def codes(document):
    return [f["code"] for f in document["findings"]]


class Hearer(Service):
    """An OpenAI-style speech service by a script: good, broken (500), garbled, denied (401), moved (302), long; `then` good after `failures`."""

    path = "/v1/audio/transcriptions"

    def __init__(self, how="good", failures=10 ** 9, words=("alpha", "bravo", "charlie")):
        self.how, self.failures, self.words, self.requests, self.keys, self.visited = how, failures, words, [], [], []
        super().__init__()

    def answer(self, method, path, headers, body):
        if method == "GET":
            self.visited.append(path)
            return 200, {}, {}
        self.keys.append(headers.get("authorization"))
        self.requests.append(body)
        how = self.how if len(self.requests) <= self.failures else "good"
        if how == "silent":
            time.sleep(20)
        if how == "good":
            said = [{"word": w, "start": 1.0 + i, "end": 1.5 + i} for i, w in enumerate(self.words)]
            text = " ".join(self.words) + "."
            return 200, {}, {"task": "transcribe", "language": "english", "text": text, "words": said,
                             "segments": [{"id": 0, "start": 1.0, "end": 4.5, "text": text}]}
        return {"silent": (500, {}, b""), "broken": (500, {}, b"no"), "garbled": (200, {}, b"{\"text\": 7}"), "denied": (401, {}, {}),
                "long": (200, {}, b" " * (3 << 20)), "moved": (302, {"Location": f"http://127.0.0.1:{self.port}/elsewhere"}, b"")}[how]


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
    with Hearer() as service, tempfile.TemporaryDirectory() as folder:
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
    with Hearer("broken", failures=2) as service, Server({"speech_model": service.url}) as server:
        document = server.add("fryer.wav", fixture("fryer.wav"))
        assert document["findings"] == [] and len(service.requests) == 3, (document["findings"], len(service.requests))
    with Hearer("garbled", failures=4) as service, Server({"speech_model": service.url}) as server:
        document = server.add("fryer.wav", fixture("fryer.wav"))  # one attempt of the job fails, the next one is well
        assert document["findings"] == [] and len(service.requests) == 5, (document["findings"], len(service.requests))


def test_what_a_service_missed_is_read_later():
    with Hearer() as gone:
        url = gone.url
    with Server({"speech_model": url}) as server:
        document = server.add("training.mp4", fixture("training.mp4"))
        assert codes(document) == ["speech.unread"], document["findings"]
        assert document["findings"][0]["message"].startswith("Speech was not read: the speech service did not answer"), document["findings"]
        assert document["verdict"] == "accepted_with_warnings"
        assert server.search("lock the back door"), "the subtitles are there all the same"
        assert not server.search("bravo")
        with Hearer() as service:
            server.stop()
            server.settings["speech_model"] = service.url
            server.start()
            done = server.cli("reread", "--missing", "speech", check=0)
            assert done.stdout.startswith("1 documents will be read again"), done.stdout
            document = until(lambda: (found := server.wait(document["id"])) and not codes(found) and found, "its speech is read")
            assert document["status"] == "ready" and document["verdict"] == "accepted", document
            assert server.search("bravo")[0]["place"]["time"] == [2.0, 2.5]


def test_a_refusal_of_the_service_is_said_and_not_repeated():
    with Hearer("denied") as service, Server({"speech_model": service.url}) as server:
        document = server.add("fryer.wav", fixture("fryer.wav"))
        assert codes(document) == ["speech.unread"] and "key" in document["findings"][0]["message"], document["findings"]
        assert len(service.requests) == 1
        service.how = "moved"
        server.call("POST", f"/v1/documents/{document['id']}/reread")
        until(lambda: len(service.requests) == 2, "the service is asked again")
        document = server.wait(document["id"])
        time.sleep(0.5)
        assert service.visited == [] and len(service.requests) == 2, "a redirect is not followed"
        service.how = "long"
        server.call("POST", f"/v1/documents/{document['id']}/reread")
        until(lambda: len(service.requests) == 3, "the service is asked again")
        document = server.wait(document["id"])
        assert codes(document) == ["speech.unread"], document["findings"]


def test_reading_stops_at_once_while_a_service_is_waited_for():
    with Hearer("silent") as service, Server({"speech_model": service.url}) as server:
        document = server.upload("fryer.wav", fixture("fryer.wav")).json
        until(lambda: service.requests, "the service is asked", 20)
        start = time.monotonic()
        assert server.call("POST", f"/v1/documents/{document['id']}/cancel").status == 200
        while server.call("GET", "/v1/status").json["jobs"]["running"] or server.call("GET", f"/v1/documents/{document['id']}").json["status"] != "failed":
            assert time.monotonic() - start < 15
            time.sleep(0.02)
        other = server.add("note.txt", b"The worker is free again.\n")
        assert other["status"] == "ready" and time.monotonic() - start < 15, time.monotonic() - start


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
        if not server.call("GET", "/v1/status").json["speech"]["available"]:
            raise Skip("there is no speech model")
        document = until(lambda: "speech.no_model" not in codes(found := server.wait(document["id"])) and found, "its speech is read", 60)
        hit = server.search("grill every evening")[0]
        assert hit["document_id"] == document["id"] and 2 < hit["place"]["time"][0] < 6.5, hit["place"]
        again = server.cli("reread", "--missing", "speech", check=0)
        assert again.stdout.startswith("0 documents"), again.stdout


def test_a_missing_model_is_logged_once_and_when_it_is_back():
    with tempfile.TemporaryDirectory() as folder:
        model = pathlib.Path(folder) / "speech.model"
        with Server({"speech_model": model}) as server:
            def looks(available):
                for _ in range(3):
                    assert server.call("GET", "/v1/status").json["speech"]["available"] is available

            looks(False)
            assert server.log_text().count("speech.model_missing") == 1 and "speech.model_found" not in server.log_text()
            model.touch()
            looks(True)
            assert server.log_text().count("speech.model_found") == 1
            model.unlink()
            looks(False)
            assert server.log_text().count("speech.model_missing") == 2


def test_a_wrong_speech_address_is_named_at_the_start():
    server = Server({"speech_model": "http://user:word@127.0.0.1/v1"})
    try:
        server.start()
        raise AssertionError("it started")
    except AssertionError as error:
        assert "speech.model" in str(error) and "word@" not in re.sub(r"\s", "", str(error)), error
    finally:
        server.log.close()
