# SPDX-License-Identifier: AGPL-3.0-or-later
"""A language model's server that follows a script: the answers to /v1/chat/completions in order. Standard library only.

A script is a list of items, each an answer or a function of the request that gives one:
  text("…")                 streamed in pieces, with usage
  call("tool", {...}, …)    tool calls; a string instead of a dict goes out as it is
  status(503)               a refusal
  die(after=2)              the connection breaks after so many events
  slow(seconds, answer)     waits first
  raw(b"…")                 these bytes as the body
  trickle(pieces, seconds)  these pieces, with a pause before each
The last item answers all further requests. `seen` has the requests' JSON.
"""
import itertools
import json
import threading
import time

from harness import Service


def text(words, **more):
    return {"kind": "text", "text": words, **more}


def call(name, arguments, *others, content=None):
    return {"kind": "call", "calls": [(name, arguments), *others], "content": content}


def status(code):
    return {"kind": "status", "code": code}


def die(after=2):
    return {"kind": "die", "after": after}


def slow(seconds, answer):
    return {"kind": "slow", "seconds": seconds, "answer": answer}


def raw(body, media_type="text/event-stream"):
    return {"kind": "raw", "body": body, "type": media_type}


def trickle(pieces, seconds):
    return {"kind": "trickle", "pieces": pieces, "pause": seconds}


def messages_of(request, role):
    return [m for m in request["messages"] if m["role"] == role]


def last_result(request):
    """The JSON of the last tool result, or its text if it is an error."""
    content = messages_of(request, "tool")[-1]["content"]
    return json.loads(content)["data"] if content.startswith("{") else content


def pieces(words, size=7):
    return [words[i:i + size] for i in range(0, len(words), size)]


def events_of(answer):
    base = {"id": "x", "object": "chat.completion.chunk", "model": "scripted-1"}
    deltas = []
    if answer["kind"] == "text":
        deltas = [{"content": p} for p in pieces(answer["text"])]
    else:
        if answer.get("content"):
            deltas.append({"content": answer["content"]})
        for index, (name, arguments) in enumerate(answer["calls"]):
            given = arguments if isinstance(arguments, str) else json.dumps(arguments)
            deltas.append({"tool_calls": [{"index": index, "id": f"call-{index}", "type": "function",
                                           "function": {"name": name, "arguments": ""}}]})
            deltas += [{"tool_calls": [{"index": index, "function": {"arguments": p}}]} for p in pieces(given)]
    end = "stop" if answer["kind"] == "text" else "tool_calls"
    for d in deltas:
        yield {**base, "choices": [{"index": 0, "delta": d, "finish_reason": None}]}
    yield {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": end}]}
    yield {**base, "choices": [], "usage": {"prompt_tokens": answer.get("input", 50), "completion_tokens": answer.get("output", 10)}}


def pieces_of(answer):
    if answer["kind"] == "trickle":
        for piece in answer["pieces"]:
            time.sleep(answer["pause"])
            yield piece
        return
    dies = answer["kind"] == "die"
    events = events_of(text("This answer will never be complete, since its server dies.") if dies else answer)
    for event in itertools.islice(events, answer["after"] if dies else None):
        yield b"data: " + json.dumps(event).encode() + b"\n\n"
    if not dies:
        yield b"data: [DONE]\n\n"


class ModelServer(Service):
    path = "/v1/chat/completions"

    def __init__(self, *script):
        self.script, self.seen, self.keys, self.lock = list(script), [], [], threading.Lock()
        super().__init__()

    def answer(self, method, path, headers, body):
        request = json.loads(body)
        with self.lock:
            self.seen.append(request)
            self.keys.append(headers.get("authorization"))
            item = self.script[min(len(self.seen), len(self.script)) - 1]
        answer = item(request) if callable(item) else item
        while answer["kind"] == "slow":
            time.sleep(answer["seconds"])
            answer = answer["answer"]
        if answer["kind"] == "status":
            return answer["code"], {}, {}
        return 200, {"Content-Type": answer.get("type", "text/event-stream")}, answer["body"] if answer["kind"] == "raw" else pieces_of(answer)
