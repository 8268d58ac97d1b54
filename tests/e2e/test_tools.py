# SPDX-License-Identifier: AGPL-3.0-or-later
"""The assistant's tools: arguments are checked before a call, results fit their schema, and every citation resolves."""
from harness import Server, sample
from test_ask import SAMPLES, resolves


def call(server, tool, expect=200, /, *, in_partition="default", **arguments):
    reply = server.call("POST", f"/v1/tools/{tool}?partition={in_partition}", arguments)
    assert reply.status == expect, (tool, arguments, reply.status, reply.body[:600])
    return reply.json


def fits(schema, value, path="$"):
    """As much of JSON Schema as the tools' results use."""
    kind = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float)}[schema["type"]]
    assert isinstance(value, kind), (path, schema["type"], value)
    if "enum" in schema:
        assert value in schema["enum"], (path, value)
    if schema["type"] == "array":
        for i, item in enumerate(value):
            fits(schema["items"], item, f"{path}[{i}]")
    if schema["type"] == "object" and "properties" in schema:
        assert set(schema.get("required", [])) <= set(value) <= set(schema["properties"]), (path, set(value))
        for key, item in value.items():
            fits(schema["properties"][key], item, f"{path}.{key}")


def citations(value):
    if isinstance(value, dict):
        if "quote" in value:
            yield value
        for item in value.values():
            yield from citations(item)
    elif isinstance(value, list):
        for item in value:
            yield from citations(item)


def test_results_fit_their_schemas_and_citations_resolve():
    with Server() as server:
        ids = {name: server.add(name, sample(name))["id"] for name in SAMPLES}
        schemas = {t["name"]: t["result"] for t in server.call("GET", "/v1/tools").json["tools"]}
        calls = (("search_knowledge", {"query": "filter the oil"}), ("search_knowledge", {"query": "milk", "types": ["csv"]}),
                 ("equipment_guidance", {"equipment": "fryer FX-200", "issue": "E-21 high limit reset"}),
                 ("equipment_guidance", {"equipment": "fryer", "issue": "filter the oil"}),
                 ("equipment_guidance", {"equipment": "espresso machine", "issue": "descale"}),
                 ("document_read", {"document_id": ids["fryer-manual.pdf"], "page": 8}),
                 ("document_read", {"document_id": ids["cleaning-schedule.xlsx"], "sheet": "Supplies", "row": 5}),
                 ("compare_sources", {"topic": "how often the fryer oil is filtered"}),
                 ("recommend", {"shift": "closing", "equipment": "grill"}), ("list_documents", {}), ("file_status", {}),
                 ("file_status", {"name": "fryer"}), ("system_status", {}))
        seen = 0
        for name, arguments in calls:
            result = call(server, name, **arguments)
            fits(schemas[name], result)
            for c in citations(result):
                seen += 1
                assert resolves(server, c), (name, c)
        assert seen > 60, seen


def test_wrong_arguments_are_named_with_what_is_expected():
    with Server() as server:
        for name, arguments, words in (
                ("search_knowledge", {}, "query is missing"), ("search_knowledge", {"query": 5}, "query must be a text"),
                ("search_knowledge", {"query": "x", "limit": 99}, "limit must be a whole number from 1 to 20, not 99"),
                ("search_knowledge", {"query": "x", "limit": "many"}, 'not "many"'),
                ("search_knowledge", {"query": "x", "categories": ["book"]}, "categories[0] must be"),
                ("search_knowledge", {"query": "x", "categories": "manual"}, "categories must be a list"),
                ("search_knowledge", {"query": "x", "colour": 1}, "colour is not an argument (there are: query"),
                ("search_knowledge", {"query": "x", "filters": {"a": {"$like": 1}}}, ""),
                ("document_read", {"document_id": "1", "second": -4}, "second must be a number from 0"),
                ("recommend", {}, "at least one of"), ("list_documents", {"status": "lost"}, "status must be one of")):
            assert words in call(server, name, 400, **arguments)["detail"], (name, arguments)
        both = call(server, "search_knowledge", 400, query=[], limit=0, x=1)["detail"]
        assert "query" in both and "limit" in both and "x is not" in both
        call(server, "delete_everything", 404)
        assert server.call("POST", "/v1/tools/search_knowledge", b'{"query":').status == 400
        assert call(server, "search_knowledge", query="oil", types=None)["results"] == []  # null is: not given
        call(server, "document_read", 404, document_id="01a2041b-2bc9-70ce-a0a6-10b1e9f5c64d")


def test_guidance_puts_safety_first_then_steps_in_order():
    with Server() as server:
        for name in SAMPLES:
            server.add(name, sample(name))
        g = call(server, "equipment_guidance", equipment="fryer", issue="filter the oil")
        assert g["supported"] and "apron" in g["safety"][0]["text"].lower(), g["safety"]
        assert [s["number"] for s in g["steps"]] == list(range(1, 9)) and "300 °F" in g["steps"][0]["text"]
        assert any("HG-4410" in p["text"] for p in g["parts"]), g["parts"]
        code = call(server, "equipment_guidance", equipment="FX-200", issue="E-12")
        assert any("sensor" in f["text"] for f in code["facts"]), code["facts"]
        assert call(server, "equipment_guidance", equipment="espresso machine", issue="descale")["supported"] is False


def test_sources_that_differ_are_shown_side_by_side():
    with Server() as server:
        server.add("manual.md", b"# Fryer\n\nThe fryer oil is held at 350 \xc2\xb0F while you cook fries.\n")
        server.add("note.md", b"# Notes\n\nThe fryer oil is held at 375 \xc2\xb0F while you cook fries.\n")
        server.add("metric.md", b"# Metric\n\nThe fryer oil is held at 177 \xc2\xb0C while you cook fries.\n")
        r = call(server, "compare_sources", topic="fryer oil temperature for fries")
        assert {s["document_name"] for s in r["sources"]} == {"manual.md", "note.md", "metric.md"}
        pairs = [{s["citation"]["document_name"] for s in c["statements"]} for c in r["conflicts"]]
        assert {"manual.md", "note.md"} in pairs and {"note.md", "metric.md"} in pairs and {"manual.md", "metric.md"} not in pairs
        assert all(c["about"] == "temperature" for c in r["conflicts"])


def test_a_place_is_read_with_its_surroundings():
    with Server() as server:
        d = server.add("fryer-manual.pdf", sample("fryer-manual.pdf"))
        r = call(server, "document_read", document_id=d["id"], page=8, around=2)
        assert [p["asked"] for p in r["pieces"]].count(True) == 1
        assert any(p["citation"]["place"].get("page") == 8 for p in r["pieces"])
        call(server, "document_read", 404, document_id=d["id"], page=900)


def test_what_lies_in_another_partition_is_not_seen():
    with Server() as server:
        d = server.add("secret.md", b"# Recipe\n\nThe secret sauce has paprika.\n", partition="head-office")
        assert call(server, "search_knowledge", query="secret sauce")["results"] == []
        call(server, "document_read", 404, document_id=d["id"])
        call(server, "file_status", 404, document_id=d["id"])
        assert call(server, "list_documents")["total"] == 0
        assert call(server, "search_knowledge", in_partition="head-office", query="secret sauce")["results"]


def test_files_and_the_system_tell_their_state():
    with Server() as server:
        d = server.add("a.md", b"# A\n\nText.\n")
        f = call(server, "file_status", document_id=d["id"])["files"][0]
        assert f["status"] == "ready" and f["in_words"] == "It is read and can be searched."
        s = call(server, "system_status")
        assert s["status"] == "pass" and s["problems"] == [] and s["documents"]["ready"] == 1 and s["free_bytes"] > 0
