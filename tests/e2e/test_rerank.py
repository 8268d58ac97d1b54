# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reranking: by a model's file, by a service, and by a service that is down, slow, garbled or leaves things out."""
import json
import pathlib
import sys
import tempfile
import time

from harness import ROOT, Server, Service, Skip, until

sys.path.insert(0, str(ROOT / "tests"))
import tiny_cross_encoder  # noqa: E402

# By words the first is best: it holds "fryer" most often. The third answers.
TEXTS = {
    "one.md": b"# Fryer\n\nThe fryer is a fryer is the fryer, clean fryer, fryer.\n",
    "two.md": b"# Grill\n\nA clean grill.\n",
    "three.md": b"# Vat\n\nBoil out the vat with shortening to clean the fryer, then wash the cooker and boil the vat again.\n",
}


class Reranker(Service):
    """Plays POST /v1/rerank: what has more letters a is better."""

    path = "/v1/rerank"

    def __init__(self):
        self.requests, self.auth, self.way = [], None, "well"
        super().__init__()

    def answer(self, method, path, headers, body):
        request = json.loads(body)
        self.requests.append(request)
        self.auth = headers.get("authorization")
        results = [{"index": i, "relevance_score": d.lower().count("a") / 100} for i, d in enumerate(request["documents"])]
        results.sort(key=lambda r: -r["relevance_score"])
        well = {"model": request["model"], "results": results}
        if self.way == "slow":
            time.sleep(3)
        return {"garbled": (200, {}, b"{\"results\": [{\"index\": 99, \"relevance_score\": 1}]}"), "half": (200, {}, b"{\"resu"),
                "few": (200, {}, {**well, "results": results[:1]}), "refuses": (503, {}, well),
                "away": (302, {"Location": "http://127.0.0.1:1/"}, well)}.get(self.way, (200, {}, well))


def fill(server):
    for name, text in TEXTS.items():
        server.add(name, text)


def ask(server, **more):
    start = time.monotonic()
    reply = server.call("POST", "/v1/search", {"query": "clean fryer", "explain": True, **more})
    assert reply.status == 200, reply.json
    return [r["document_name"] for r in reply.json["results"]], reply.json, time.monotonic() - start


def check(server):
    return server.call("GET", "/health").json["checks"]["search:rerank"][0]


def falls(results):
    scores = [r["score"] for r in results]
    return scores == sorted(scores, reverse=True)


def test_a_service_gives_the_order_and_explain_says_so():
    with tempfile.NamedTemporaryFile("w") as key, Reranker() as service:
        key.write("secret-of-a-test\n")
        key.flush()
        with Server({"rerank_model": service.url, "rerank_name": "judge", "rerank_key_file": key.name, "rerank_count": 2}) as server:
            fill(server)
            old, plain, _ = ask(server, rerank=False)
            assert not service.requests and plain["results"][0]["explain"]["rerank"]["score"] is None
            names, reply, _ = ask(server)
            request = service.requests[0]
            assert request["model"] == "judge" and request["query"] == "clean fryer" and request["top_n"] == len(request["documents"]) == 2
            assert service.auth == "Bearer secret-of-a-test"
            assert any("Boil out the vat" in d for d in request["documents"])  # heading and text of the best
            best = max(range(2), key=lambda i: request["documents"][i].lower().count("a"))
            assert names == [old[best], old[1 - best], old[2]] and falls(reply["results"])
            part = reply["results"][0]["explain"]["rerank"]
            assert part["place_before"] == best + 1 and 0 < part["score"] <= 1 and part["note"] is None
            assert reply["results"][2]["explain"]["rerank"]["score"] is None  # not among the best two
            assert check(server)["status"] == "pass"
            ask(server, typing=True)  # as somebody types nothing is read again
            assert len(service.requests) == 1


def test_a_service_that_fails_changes_nothing_and_everybody_says_so():
    with Reranker() as service:
        with Server({"rerank_model": service.url, "rerank_milliseconds": 400}) as server:
            fill(server)
            old, _, _ = ask(server, rerank=False)
            for way in ("garbled", "half", "refuses", "away", "slow"):
                service.way = "well"
                names, reply, _ = ask(server)
                assert names != old and "reranked" not in (reply["note"] or ""), way
                assert check(server)["status"] == "pass"
                service.way = way
                names, reply, took = ask(server)
                assert names == old and "Not reranked" in reply["note"], way
                assert reply["results"][0]["explain"]["rerank"]["score"] is None
                assert "Not reranked" in reply["results"][0]["explain"]["rerank"]["note"]
                assert took < 2, (way, took)
                assert check(server)["status"] == "warn" and "service" in check(server)["output"]
            service.way = "few"  # what the service leaves out stays behind what it names
            names, reply, _ = ask(server)
            assert len(names) == 3 and falls(reply["results"]) and "Only 1 of the best 3" in reply["note"]


def test_a_service_that_is_down_is_left_alone_for_a_while():
    with Reranker() as service:
        url = service.url
    with Server({"rerank_model": url}) as server:
        fill(server)
        old, _, _ = ask(server, rerank=False)
        for _ in range(6):
            names, reply, took = ask(server)
            assert names == old and "Not reranked" in reply["note"] and took < 1
        answer = server.call("POST", "/v1/ask", {"question": "How do I clean the fryer?"})
        assert answer.status == 200 and answer.json["citations"]


def test_a_model_file_reads_question_and_passage_together():
    if not (Server.build / "libonnxruntime.so.1").exists():
        raise Skip("the library that runs models is not beside larder")
    with tempfile.TemporaryDirectory() as folder:
        onnx = pathlib.Path(folder) / "tiny.onnx"
        tiny_cross_encoder.write(onnx, onnx.with_suffix(".vocab"))
        with Server({"rerank_model": onnx}) as server:
            fill(server)
            until(lambda: "being loaded" not in check(server)["output"], "the model is loaded", 20)
            old, _, _ = ask(server, rerank=False)
            names, reply, _ = ask(server)
            assert old[0] == "one.md" and names[0] == "three.md" and "reranked" not in reply["note"]
            assert falls(reply["results"]) and "loaded" in check(server)["output"]
        with Server({"rerank_model": str(onnx) + ".lost"}) as server:
            fill(server)
            names, reply, _ = ask(server)
            assert names == old and "Not reranked" in reply["note"] and folder not in reply["note"]
            assert check(server)["status"] == "warn"
