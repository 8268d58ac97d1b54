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
import http.server
import json
import socket
import threading
import time


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


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_POST(self):
        owner = self.server.owner
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with owner.lock:
            owner.seen.append(request)
            owner.keys.append(self.headers.get("Authorization"))
            item = owner.script[min(len(owner.seen), len(owner.script)) - 1]
        answer = item(request) if callable(item) else item
        while answer["kind"] == "slow":
            time.sleep(answer["seconds"])
            answer = answer["answer"]
        try:
            self.give(answer)
        except OSError:
            owner.left += 1

    def give(self, answer):
        if answer["kind"] == "status":
            self.send_response(answer["code"])
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")
            return
        self.send_response(200)
        self.send_header("Content-Type", answer.get("type", "text/event-stream"))
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        if answer["kind"] == "raw":
            self.wfile.write(answer["body"])
            return
        if answer["kind"] == "trickle":
            for piece in answer["pieces"]:
                time.sleep(answer["pause"])
                self.wfile.write(piece)
                self.wfile.flush()
            return
        dies = answer["after"] if answer["kind"] == "die" else None
        for n, event in enumerate(events_of(text("This answer will never be complete, since its server dies.") if dies is not None else answer)):
            if dies is not None and n >= dies:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")
            self.wfile.flush()
        self.wfile.write(b"data: [DONE]\n\n")


class ModelServer:
    def __init__(self, *script):
        self.script, self.seen, self.keys, self.left, self.lock = list(script), [], [], 0, threading.Lock()

    def __enter__(self):
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.owner = self
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/v1/chat/completions"
        return self

    def __exit__(self, *error):
        self.http.shutdown()
        self.http.server_close()
