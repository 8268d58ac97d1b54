# SPDX-License-Identifier: AGPL-3.0-or-later
"""The OpenAI-compatible face: one model that answers from the documents; standard library only."""
import json

from harness import Server, sample

QUESTION = {"role": "user", "content": "How often do I filter the fryer oil?"}


def chat(server, *messages, **more):
    return server.call("POST", "/v1/chat/completions", {"model": "larder", "messages": list(messages), **more})


def chunks_of(reply):
    events = [e.removeprefix("data: ") for e in reply.body.decode().split("\n\n") if e]
    assert events[-1] == "[DONE]"
    return [json.loads(e) for e in events[:-1]]


def test_openai_models_and_completions():
    with Server() as server:
        models = server.call("GET", "/v1/models").json
        assert models["object"] == "list" and [m["id"] for m in models["data"]] == ["larder"]
        assert server.call("GET", "/v1/models/larder").json["object"] == "model"
        assert server.call("GET", "/v1/models/other").json["error"]["code"] == "not_found"
        server.add("fryer-manual.pdf", sample("fryer-manual.pdf"))
        whole = chat(server, {"role": "system", "content": "Be short."}, QUESTION).json
        message = whole["choices"][0]["message"]
        assert whole["object"] == "chat.completion" and whole["choices"][0]["finish_reason"] == "stop"
        assert "[1]" in message["content"] and "Sources:\n[1] fryer-manual.pdf, page 8" in message["content"], message["content"]
        assert message["citations"][0]["place"]["page"] == 8 and whole["usage"]["total_tokens"] >= 0
        assert server.call("GET", f"/v1/runs/{whole['larder']['run_id']}").status == 200
        parts = {"role": "user", "content": [{"type": "text", "text": QUESTION["content"]}]}
        assert chat(server, parts).json["choices"][0]["message"]["content"] == message["content"]
        streamed = chunks_of(chat(server, QUESTION, stream=True, stream_options={"include_usage": True}))
        text = "".join(c["choices"][0]["delta"].get("content", "") for c in streamed if c["choices"])
        assert text == message["content"] and streamed[0]["choices"][0]["delta"]["role"] == "assistant"
        assert streamed[-1]["choices"] == [] and streamed[-1]["usage"] is not None
        assert [c["choices"][0]["finish_reason"] for c in streamed if c["choices"]][-1] == "stop"
        assert all("usage" not in c for c in chunks_of(chat(server, QUESTION, stream=True)))


def test_openai_says_when_the_documents_have_no_answer():
    with Server() as server:
        server.add("fryer-manual.pdf", sample("fryer-manual.pdf"))
        whole = chat(server, {"role": "user", "content": "Who won the chess championship in Reykjavik?"}).json
        assert whole["larder"]["refused"] is True and whole["choices"][0]["message"]["content"]
        other = chat(server, QUESTION, partition="empty").json
        assert other["larder"]["refused"] is True and other["choices"][0]["message"]["citations"] == []


def test_openai_refuses_what_it_would_not_keep():
    with Server() as server:
        assert server.call("POST", "/v1/chat/completions", {}, key=False).status == 401
        for more in ({"n": 2}, {"response_format": {"type": "json_object"}}, {"tool_choice": "required"}, {"stream": "yes"},
                     {"messages": []}, {"messages": "hello"}, {"messages": [{"role": "assistant", "content": "x"}]},
                     {"messages": [{"role": "robot", "content": "x"}]}, {"messages": [{"role": "user", "content": 5}]},
                     {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
                     {"messages": [5]}, {"partition": 5}):
            reply = chat(server, QUESTION, **({} if "messages" in more else more)) if "messages" not in more else \
                server.call("POST", "/v1/chat/completions", {"model": "larder", **more})
            assert reply.status == 400 and reply.json["error"]["message"], (more, reply.status, reply.body)
        reply = server.call("POST", "/v1/chat/completions", {"model": "gpt", "messages": [QUESTION]})
        assert reply.status == 404 and reply.json["error"]["type"] == "invalid_request_error"
        assert server.call("POST", "/v1/chat/completions", b"{", {"Content-Type": "application/json"}).status == 400
