# SPDX-License-Identifier: AGPL-3.0-or-later
"""Questions in words find their passage, and the result shows its place."""
from harness import Server, sample

SAMPLES = ("fryer-manual.pdf", "closing-checklist.docx", "cleaning-schedule.xlsx", "food-safety.pptx", "allergens.csv",
           "shift-handover.md", "equipment-notes.txt")


def test_the_fryer_question_is_answered_by_its_page():
    with Server() as server:
        ids = {name: server.add(name, sample(name))["id"] for name in SAMPLES}
        results = server.search("how often do I filter the fryer oil")
        manual = [r for r in results[:5] if r["document_id"] == ids["fryer-manual.pdf"]]
        assert manual, [(r["document_name"], r["place"]) for r in results]
        best = manual[0]
        assert "<mark>" in best["snippet"] and best["place"]["page"] >= 1 and len(best["place"]["box"]) == 4
        assert all(0 <= x <= 1 for x in best["place"]["box"]) and best["place_words"].startswith("page ")
        assert server.call("GET", best["links"]["picture"]).status == 200
        assert server.call("GET", best["links"]["document"]).json["id"] == best["document_id"]
        for name, kind in (("cleaning-schedule.xlsx", "sheet"), ("food-safety.pptx", "slide"), ("allergens.csv", "rows"),
                           ("shift-handover.md", "lines"), ("equipment-notes.txt", "lines"), ("closing-checklist.docx", "part")):
            hits = server.search("oil cleaning milk temperature fryer", document_ids=[ids[name]])
            assert hits and kind in hits[0]["place"], (name, hits[:1])


def test_words_phrases_prefixes_and_exclusions():
    with Server() as server:
        server.add("a.md", b"# Fryer FX-200\n\nError E-12 means that the basket lift is blocked.\n")
        server.add("b.md", b"# Grill\n\nThe lift of the basket is not part of the grill.\n")
        names = lambda q, **k: [r["document_name"] for r in server.search(q, **k)]  # noqa: E731
        assert names('"basket lift"') == ["a.md"]
        assert names("E-12") == ["a.md"] and names("FX-200")[0] == "a.md"
        assert set(names("bask*")) == {"a.md", "b.md"}
        assert names("basket -grill") == ["a.md"]
        assert names('lift -"basket lift"') == ["b.md"] and names("lift -FX-200") == ["b.md"]  # b.md has the words, but not together
        assert server.search("E-12 fryer")[0]["snippet"].count("<mark>") == 2  # the code is one mark
        assert names("blocking")[0] == "a.md"
        assert names("the of and") is not None and names("???") == [] and names("zzzz") == []
        assert names('"') == [] and names('AND OR NOT ( * ^ NEAR "') is not None


def test_a_code_is_found_first_where_a_row_tells_about_it():
    """A long table names the code once; texts that mention it are shorter."""
    with Server() as server:
        ids = {name: server.add(name, sample(name))["id"] for name in SAMPLES}
        for code in ("E-12", "E-31", "E-44", "E31"):
            found = [(r["document_id"], r["place"].get("page")) for r in server.search(f"What does {code} mean?")]
            assert found[0] == (ids["fryer-manual.pdf"], 11), (code, found)
        server.add("log.txt", b"In the afternoon the code K-7 came again while the second basket was being filled, as on the day before.\n")
        rows = "".join(f"| K-{n} | {name} | Call the service, note the time and leave the valve as it is. |\n"
                       for n, name in enumerate(["Pump", "Lift", "Valve", "Probe", "Fan", "Lamp", "Door", "Heater", "Panel", "Motor"], 1))
        server.add("codes.md", f"# Codes\n\n| Code | Part | What to do |\n|---|---|---|\n{rows}".encode())
        assert [r["document_name"] for r in server.search("K-7")[:2]] == ["codes.md", "log.txt"]


def test_types_categories_partitions_and_limits():
    with Server() as server:
        server.add("a.md", b"Salt the fries.\n")
        server.add("b.csv", b"item,note\nfries,salt them\n")
        server.add("c.md", b"Salt the fries twice.\n", partition="other")
        assert {r["type"] for r in server.search("salt fries")} == {"md", "csv"}
        assert {r["type"] for r in server.search("salt fries", types=["csv"])} == {"csv"}
        assert {r["type"] for r in server.search("salt fries", categories=["text"])} == {"md"}
        assert [r["document_name"] for r in server.search("salt", partition="other")] == ["c.md"]
        assert len(server.search("salt", limit=1)) == 1
        for bad in ({"limit": 0}, {"limit": 1000}, {"query": 5}, {"query": ""}, {"mode": "magic"}, {"types": "md"}, {"extra": 1}):
            reply = server.call("POST", "/v1/search", {"query": "salt", **bad})
            assert reply.status == 400 and reply.headers["content-type"].startswith("application/problem+json"), (bad, reply.body)
        assert server.call("POST", "/v1/search", {"query": "salt", "mode": "meaning"}).status == 415


def test_explain_tells_how_a_score_came_about():
    with Server() as server:
        server.add("a.md", b"# Oil\n\nFilter the oil daily.\n")
        explain = server.search("filter oil", explain=True)[0]["explain"]
        assert "BM25" in explain["engine"] and explain["bm25"] > 0 and explain["terms"] == 2 and explain["terms_matched"] == 2


def test_snippets_are_escaped():
    with Server() as server:
        server.add("x.txt", b"Beware <script>alert(1)</script> & \"quotes\" near the fryer\n")
        snippet = server.search("fryer")[0]["snippet"]
        assert "<script" not in snippet and "&lt;script&gt;" in snippet and "<mark>fryer</mark>" in snippet
