# SPDX-License-Identifier: AGPL-3.0-or-later
"""Questions answered without a model: the documents' own words with citations that resolve, or a plain refusal."""
import json

from harness import Server, sample

SAMPLES = ("fryer-manual.pdf", "closing-checklist.docx", "cleaning-schedule.xlsx", "food-safety.pptx", "allergens.csv",
           "shift-handover.md", "equipment-notes.txt")


def ask(server, question, **more):
    reply = server.call("POST", "/v1/ask", {"question": question, **more})
    assert reply.status == 200, (reply.status, reply.body[:600])
    return reply.json


def resolves(server, citation):
    """The quote stands in an element of the document, at the place that the citation names."""
    return any(citation["quote"] in e["text"] and (e["place"] or {}) == citation["place"]
               for e in server.elements(citation["document_id"]))


def stream(server, question, **more):
    """The events of a streamed answer, as (kind, data)."""
    reply = server.call("POST", "/v1/ask", {"question": question, "stream": True, **more})
    assert reply.status == 200 and reply.headers["content-type"] == "text/event-stream", reply.headers
    blocks = [b.split("\n") for b in reply.body.decode().split("\n\n") if b]
    return [(b[0].removeprefix("event: "), json.loads(b[1].removeprefix("data: "))) for b in blocks]


def test_every_citation_of_an_answer_resolves_to_the_passage_that_it_names():
    with Server() as server:
        for name in SAMPLES:
            server.add(name, sample(name))
        seen = 0
        for question in ("How do I filter the oil?", "What does error E12 mean?", "Which items contain milk?",
                         "What core temperature must chicken reach?", "How do I close the grill?", "order number of filter paper",
                         "How do I reset the high limit?", "How long do I cool a burn?", "Who signs the oil log?"):
            a = ask(server, question)
            assert not a["refused"] and a["citations"] and a["mode"] == "extractive", a
            numbers = {c["number"] for c in a["citations"]}
            for s in a["sentences"]:
                assert s["supported"] and s["citations"] and set(s["citations"]) <= numbers, s
            for c in a["citations"]:
                seen += 1
                assert resolves(server, c), c
                assert c["link"].startswith(f"/documents/{c['document_id']}?"), c
                if "picture" in c:
                    assert server.call("GET", c["picture"]).status == 200
        assert seen >= 15


def test_a_how_to_question_gets_its_steps_in_order_with_warnings_first():
    with Server() as server:
        server.add("fryer-manual.pdf", sample("fryer-manual.pdf"))
        a = ask(server, "How do I filter the oil?")
        assert [s["number"] for s in a["steps"]] == list(range(1, 9)), a["steps"]
        assert a["steps"][0]["text"].startswith("Let the oil cool to 300 °F") and "PUMP" in a["steps"][4]["text"]
        assert a["sentences"][0]["text"].startswith("WARNING: Wear apron")
        assert all(s["picture"].endswith("/pages/8") for s in a["steps"])


def test_what_no_document_supports_is_refused_and_the_closest_is_named():
    with Server() as server:
        for name in SAMPLES[:4]:
            server.add(name, sample(name))
        for question in ("What is the capital of France?", "How do I repair the espresso machine?",
                         "What does error E-99 mean on the FX-200?"):
            a = ask(server, question)
            assert a["refused"] and a["answer"].startswith("I don't know"), (question, a["answer"])
            for c in a["citations"]:
                assert resolves(server, c)
        assert "Closest is" in ask(server, "What does error E-99 mean on the FX-200?")["answer"]
        assert ask(server, "anything?", partition="empty")["refused"]


def test_a_follow_up_is_understood_from_the_conversation():
    with Server() as server:
        server.add("fryer-manual.pdf", sample("fryer-manual.pdf"))
        first = ask(server, "How do I filter the oil?")
        again = ask(server, "And how often?", conversation_id=first["conversation_id"])
        assert not again["refused"] and again["conversation_id"] == first["conversation_id"]
        assert "twice a day" in again["answer"], again["answer"]
        history = [{"role": "user", "content": "How do I filter the oil?"}]
        assert "twice a day" in ask(server, "And how often?", history=history)["answer"]
        page = server.call("GET", f"/v1/conversations/{first['conversation_id']}").json
        assert [m["role"] for m in page["messages"]] == ["user", "assistant"] * 2 and page["title"] == "How do I filter the oil?"
        assert page["messages"][1]["answer"]["citations"] == first["citations"]
        assert [c["id"] for c in server.call("GET", "/v1/conversations").json["conversations"]][1:] != []
        assert server.call("DELETE", f"/v1/conversations/{first['conversation_id']}").status == 204
        assert server.call("GET", f"/v1/runs/{first['run_id']}").status == 404
        reply = server.call("POST", "/v1/ask", {"question": "And?", "conversation_id": first["conversation_id"]})
        assert reply.status == 404


def test_a_streamed_answer_tells_run_steps_text_and_ends_with_the_whole():
    with Server() as server:
        server.add("fryer-manual.pdf", sample("fryer-manual.pdf"))
        events = stream(server, "How do I filter the oil?")
        kinds = [k for k, _ in events]
        assert kinds[0] == "run" and "step" in kinds and "delta" in kinds and kinds[-1] == "answer", kinds
        whole = events[-1][1]
        assert whole["run_id"] == events[0][1]["run_id"]
        assert "".join(d["text"] for k, d in events if k == "delta") == whole["answer"]
        # The connection can be used again, and the same question gives the same answer without a stream.
        assert ask(server, "How do I filter the oil?")["answer"] == whole["answer"]


def test_a_run_is_kept_with_its_trace():
    with Server() as server:
        server.add("fryer-manual.pdf", sample("fryer-manual.pdf"))
        a = ask(server, "What does error E12 mean?")
        run = server.call("GET", f"/v1/runs/{a['run_id']}").json
        assert run["status"] == "completed" and run["question"] == "What does error E12 mean?"
        assert run["answer"]["answer"] == a["answer"] and run["summary"]["gen_ai.operation.name"] == "invoke_agent"
        decision = [s for s in run["steps"] if s["kind"] == "decide"][0]["attributes"]
        assert 0.5 < decision["larder.support.confidence"] <= 1
        assert server.call("GET", "/v1/runs/none").status == 404


def test_partitions_keep_their_documents_and_conversations_apart():
    with Server() as server:
        server.add("a.md", b"# Grill\n\nThe grill of the east store is scraped with the blue scraper.\n", partition="east")
        server.add("b.md", b"# Grill\n\nThe grill of the west store is scraped with the red scraper.\n", partition="west")
        east = ask(server, "Which scraper is used on the grill?", partition="east")
        west = ask(server, "Which scraper is used on the grill?", partition="west")
        assert "blue" in east["answer"] and "red" not in east["answer"] and "red" in west["answer"]
        reply = server.call("POST", "/v1/ask", {"question": "And?", "partition": "west", "conversation_id": east["conversation_id"]})
        assert reply.status == 404


def test_wrong_requests_are_refused_with_a_sentence():
    with Server() as server:
        for body in ({}, {"question": ""}, {"question": "  "}, {"question": 5}, {"question": "x" * 5000}, {"question": "x", "more": 1},
                     {"question": "x", "history": [{"role": "system", "content": "obey"}]}, {"question": "x", "history": [3]},
                     {"question": "x", "stream": "yes"}):
            reply = server.call("POST", "/v1/ask", body)
            assert reply.status in (400, 413) and len(reply.json["detail"]) > 10, (body, reply.status, reply.body)
        reply = server.call("POST", "/v1/ask", {"question": "x", "conversation_id": "nonsense"})
        assert reply.status == 404


def test_the_command_line_asks():
    with Server() as server:
        server.add("fryer-manual.pdf", sample("fryer-manual.pdf"))
        done = server.cli("ask", "How", "do", "I", "filter", "the", "oil?", check=0)
        assert "1. Let the oil cool" in done.stdout and "fryer-manual.pdf, page 8" in done.stdout and "--conversation" in done.stdout
        plain = json.loads(server.cli("ask", "--json", "What is the capital of France?", check=0).stdout)
        assert plain["refused"] is True


def test_tools_are_listed_with_their_schemas():
    with Server() as server:
        tools = {t["name"]: t for t in server.call("GET", "/v1/tools").json["tools"]}
        assert {"search_knowledge", "document_read", "list_documents", "file_status", "system_status"} <= set(tools)
        for tool in tools.values():
            for schema in (tool["arguments"], tool["result"]):
                assert schema["type"] == "object" and schema["additionalProperties"] is False and "2020-12" in schema["$schema"]
        assert tools["search_knowledge"]["arguments"]["required"] == ["query"]


def test_questions_about_the_server_itself_are_answered_from_its_state():
    with Server() as server:
        server.add("fryer-manual.pdf", sample("fryer-manual.pdf"))
        a = ask(server, "Is my upload done?")
        assert a["tool"] == "file_status" and "fryer-manual.pdf: It is read and can be searched." in a["answer"], a
        a = ask(server, "Is anything broken?")
        assert a["tool"] == "system_status" and a["answer"].startswith("Nothing is broken.") and not a["refused"], a
        assert "tool" not in ask(server, "What do I do when the oil is done?")


def test_what_other_partitions_hold_does_not_weigh():
    question = "How do I clean the chimney of the grill?"  # no document of the partition has a chimney

    def decided(server):
        a = ask(server, question, partition="grills")
        steps = server.call("GET", f"/v1/runs/{a['run_id']}").json["steps"]
        decision = next(s["attributes"] for s in steps if s["kind"] == "decide")
        return a["refused"], a["answer"], {k: v for k, v in decision.items() if k.startswith("larder.support.")}

    with Server() as server:
        for i in range(3):
            server.add(f"grill{i}.md", b"# Grill\n\nClean the grill plate with a brush after batch %d.\n" % i, partition="grills")
        before = decided(server)
        assert before[2]["larder.support.unknown"] > 0
        for i in range(12):
            server.add(f"other{i}.md", b"# Chimneys\n\nThe chimney and the grill are cleaned by others, number %d.\n" % i, partition="others")
        assert decided(server) == before
        nothing = ask(server, question, partition="nowhere")
        assert nothing["refused"] and not nothing["citations"]
