# SPDX-License-Identifier: AGPL-3.0-or-later
"""Search by meaning: with the embedded model, without one, with a server of embeddings, and when the model is changed."""
import contextlib
import json
import shutil
import tempfile

from harness import Server, Service, Skip, until

OIL = b"# Oil\n\nDrain the vat and boil it out once a week so that the shortening lasts.\n"
SICK = b"# Illness\n\nEmployees who vomit stay at home until they are well for two days.\n"


def meaning(server):
    return server.call("GET", "/v1/status").json["meaning"]


class Embeddings(Service):
    """Plays POST /v1/embeddings: a vector has a place for each of a few letters."""

    path = "/v1/embeddings"

    def __init__(self, letters="abcdefghijklmnop"):
        self.letters, self.asked, self.broken, self.auth = letters, 0, False, None
        super().__init__()

    def answer(self, method, path, headers, body):
        texts = json.loads(body)["input"]
        self.asked += len(texts)
        self.auth = headers.get("authorization")
        data = [{"index": i, "embedding": [t.lower().count(c) + 0.01 for c in self.letters]} for i, t in enumerate(texts)]
        return 200, {}, {"data": "no" if self.broken else data}


@contextlib.contextmanager
def kept_folder():
    folder = tempfile.mkdtemp(prefix="larder-e2e-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_the_embedded_model_finds_what_has_other_words():
    with Server({"embeddings_model": ""}) as server:
        if not meaning(server)["on"]:
            raise Skip("the embedding model is not beside larder")
        assert meaning(server)["loaded"] is False  # not before the first passage
        oil, sick = server.add("oil.md", OIL), server.add("sick.md", SICK)
        assert meaning(server)["loaded"] and meaning(server)["share"] == 1
        assert server.call("GET", "/v1/status").json["search_engine"] == "words and meaning"
        page = server.call("GET", "/metrics", headers={"Accept": "text/plain"}).body.decode()
        counted = next(line for line in page.splitlines() if line.startswith('larder_stage_seconds_count{stage="embed"}'))
        assert int(counted.split()[-1]) >= 1
        question = "cleaning frequency of deep fat cookers"
        assert server.search(question, mode="meaning")[0]["document_id"] == oil["id"]
        reply = server.call("POST", "/v1/search", {"query": "a cook with a stomach bug", "explain": True}).json
        assert reply["engine"] == "hybrid" and reply["results"][0]["document_id"] == sick["id"]
        parts = reply["results"][0]["explain"]
        assert parts["cosine"] > 0.5 and parts["meaning_weight"] > 0 and parts["bm25"] >= 0
        assert all(r["document_id"] != oil["id"] for r in server.search("vat -boil", mode="hybrid"))
        assert {r["type"] for r in server.search(question, types=["csv"])} == set()  # filters hold for meaning too
        server.call("DELETE", f"/v1/documents/{oil['id']}")
        assert all(r["document_id"] != oil["id"] for r in server.search(question, mode="meaning"))


def test_a_question_about_nothing_that_is_there_finds_nothing():
    with Server({"embeddings_model": ""}) as server:
        if not meaning(server)["on"]:
            raise Skip("the embedding model is not beside larder")
        server.add("oil.md", OIL)
        server.add("sick.md", SICK)
        for question in ("tax law of shipping companies", "protein folding of bacteria", "history of the Mongol empire"):
            for mode in ("hybrid", "meaning"):
                assert server.search(question, mode=mode) == [], (question, mode)
        for question in ("cleaning frequency of deep fat cookers", "a cook with a stomach bug"):
            for mode in ("hybrid", "meaning"):
                assert server.search(question, mode=mode), (question, mode)


def test_without_a_model_everything_says_so():
    with Server() as server:
        document = server.add("oil.md", OIL)
        assert document["status"] == "ready"
        reply = server.call("POST", "/v1/search", {"query": "boil out the vat", "explain": True}).json
        assert reply["engine"] == "words" and "No embedding model" in reply["note"]
        assert reply["results"][0]["explain"]["cosine"] is None
        refused = server.call("POST", "/v1/search", {"query": "vat", "mode": "meaning"})
        assert refused.status >= 400 and "no model" in refused.json["detail"]
        assert "by words" in server.call("GET", "/health").json["checks"]["search:meaning"][0]["output"]
        assert meaning(server)["on"] is False


def test_a_server_of_embeddings_and_a_change_of_the_model():
    with kept_folder() as folder, Embeddings() as first, Embeddings("qrstuvwxyz") as second:
        with Server({"embeddings_model": first.url, "embeddings_name": "one"}, data=folder) as server:
            for i in range(20):
                server.add(f"{i}.md", OIL + b"%d\n" % i)
            assert server.call("POST", "/v1/search", {"query": "oil"}).json["engine"] == "hybrid"
            space = meaning(server)["space"]
        with Server({"embeddings_model": second.url, "embeddings_name": "two"}, data=folder) as server:
            until(lambda: meaning(server).get("space", space) != space, "the other model begins", 60)
            assert server.search("boil out the vat", limit=5)  # goes on meanwhile
            until(lambda: meaning(server)["share"] == 1, "all is embedded", 60)
            assert second.asked >= 20
            assert server.call("POST", "/v1/search", {"query": "oil"}).json["engine"] == "hybrid"


def test_a_broken_server_of_embeddings_makes_nobody_wait():
    with Embeddings() as model:
        with Server({"embeddings_model": model.url}) as server:
            server.add("a.md", OIL)
            model.broken = True
            document = server.add("b.md", SICK)
            assert document["status"] == "ready"
            reply = server.call("POST", "/v1/search", {"query": "vomit at home"}).json
            assert reply["engine"] == "words" and reply["results"][0]["document_id"] == document["id"]
            health = server.call("GET", "/health").json
            assert health["checks"]["search:meaning"][0]["status"] == "warn" and health["status"] == "warn", health
            model.broken = False
            until(lambda: meaning(server)["share"] == 1, "all is embedded", 60)


def test_the_kitchens_words():
    with Server() as server:
        server.add("fryer.md", b"# FX-200\n\nThe fryer shows E-12. Set it to 350 \xc2\xb0F before you calibrate the thermostat.\n")
        server.add("grill.md", b"# Grill\n\nScrape the plate after each batch of patties.\n")
        for question in ("deep fryer", "E12", "e-12", "FX200", "fx 200", "177 C", "thermostatt", "fryr", "calibraet"):
            found = server.search(question)
            assert found and found[0]["document_name"] == "fryer.md", question
        assert [r["document_name"] for r in server.search("scra", typing=True)] == ["grill.md"]
        words = server.search("thermostatt", explain=True)[0]["explain"]["words"][0]["alternatives"]
        assert [w["because"] for w in words][:2] == ["typed", "correction"]
