# SPDX-License-Identifier: AGPL-3.0-or-later
"""The Model Context Protocol at /mcp and on standard input and output, as the specification says it; standard library only."""
import base64
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time

from harness import Server, Skip, sample, until

BOTH = {"Accept": "application/json, text/event-stream"}
CLIENT = {"capabilities": {}, "clientInfo": {"name": "e2e", "version": "1"}}
NEWEST = "2025-11-25"


class Session:
    """One client of /mcp: initialize, then requests that carry the session and the revision."""

    def __init__(self, server, version=NEWEST, query=""):
        self.server, self.path, self.number = server, "/mcp" + query, 0
        self.headers = dict(BOTH)
        reply = self.post({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": version, **CLIENT}})
        assert reply.status == 200, reply.body
        self.result = reply.json["result"]
        self.id = reply.headers["mcp-session-id"]
        self.headers |= {"Mcp-Session-Id": self.id, "MCP-Protocol-Version": self.result["protocolVersion"]}
        assert self.post({"jsonrpc": "2.0", "method": "notifications/initialized"}).status == 202

    def post(self, message, **headers):
        return self.server.call("POST", self.path, message, {**self.headers, **headers})

    def ask(self, method, params=None, **headers):
        """The answer to a request, and what came before it on its stream."""
        self.number += 1
        message = {"jsonrpc": "2.0", "id": self.number, "method": method, **({"params": params} if params is not None else {})}
        reply = self.post(message, **headers)
        assert reply.status == 200, (reply.status, reply.body)
        messages = messages_of(reply)
        assert messages[-1]["id"] == self.number and messages[-1]["jsonrpc"] == "2.0"
        return messages[-1], messages[:-1]

    def result_of(self, method, params=None):
        answer = self.ask(method, params)[0]
        assert "result" in answer, answer
        return answer["result"]

    def error_of(self, method, params=None):
        return self.ask(method, params)[0]["error"]

    def tool(self, name, **arguments):
        return self.result_of("tools/call", {"name": name, "arguments": arguments})


def events_of(text):
    """[(id, data)] of an event stream."""
    found = []
    for block in text.split("\n\n"):
        fields = [line.split(":", 1) for line in block.split("\n") if ":" in line and not line.startswith(":")]
        fields = {k: v.removeprefix(" ") for k, v in fields}
        if "data" in fields:
            found.append((fields.get("id"), fields["data"]))
    return found


def messages_of(reply):
    if reply.headers["content-type"] == "application/json":
        return [reply.json]
    assert reply.headers["content-type"] == "text/event-stream", reply.headers
    return [json.loads(data) for _, data in events_of(reply.body.decode()) if data]


class Stream:
    """A GET of /mcp that stays open; what comes is collected by a thread."""

    def __init__(self, session, **headers):
        self.connection = http.client.HTTPConnection("127.0.0.1", session.server.port, timeout=30)
        headers = {**session.headers, "Accept": "text/event-stream", "Authorization": f"Bearer {session.server.key}", **headers}
        self.connection.request("GET", session.path, headers=headers)
        self.reply = self.connection.getresponse()
        self.text = ""
        self.ended = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError, AttributeError):
            while True:
                more = self.reply.read1(65536)
                if not more:
                    break
                self.text += more.decode()
        self.ended = True

    def messages(self):
        return [json.loads(data) for _, data in events_of(self.text) if data]

    def wait(self, wanted, seconds=20):
        until(lambda: wanted(self), "what the stream should bring", seconds)

    def close(self):
        with contextlib.suppress(OSError):
            self.connection.sock.shutdown(2)
        self.connection.close()


def test_mcp_negotiates_a_revision_and_says_what_it_can_do():
    with Server() as server:
        for version in ("2025-03-26", "2025-06-18", NEWEST):
            assert Session(server, version).result["protocolVersion"] == version
        result = Session(server, "1999-01-01").result
        assert result["protocolVersion"] == NEWEST and result["serverInfo"]["name"] == "larder" and result["instructions"]
        assert set(result["capabilities"]) == {"completions", "logging", "prompts", "resources", "tools"}
        session = Session(server)
        assert session.result_of("ping") == {} and session.id != Session(server).id
        assert session.result_of("logging/setLevel", {"level": "error"}) == {}
        assert session.error_of("logging/setLevel", {"level": "loud"})["code"] == -32602
        bad = server.call("POST", "/mcp", {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}, BOTH)
        assert bad.json["error"]["code"] == -32602 and "mcp-session-id" not in bad.headers


def test_mcp_refuses_what_the_transport_forbids():
    with Server() as server:
        session = Session(server)
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        call = server.call
        assert call("POST", "/mcp", ping, BOTH, key=False).status == 401
        assert call("POST", "/mcp", ping, {**BOTH, "Authorization": "Bearer wrong"}).status == 401
        assert session.post(ping, Origin="http://evil.example").status == 403
        assert session.post(ping, Origin="null").status == 403
        assert session.post(ping, Origin=f"http://127.0.0.1:{server.port}").status == 200
        assert session.post(ping, Accept="text/html").status == 406
        assert session.post(b"{}", **{"Content-Type": "text/plain"}).status == 415
        reply = session.post(ping, **{"MCP-Protocol-Version": "2020-01-01"})
        assert reply.status == 400 and NEWEST in reply.json["error"]["data"]["supported"]
        reply = session.post(ping, **{"Mcp-Session-Id": "0" * 32})
        assert reply.status == 404 and reply.json["error"]["code"] == -32001
        assert call("POST", "/mcp?partition=No%20Such", ping, BOTH).status == 400
        assert call("GET", "/mcp", headers={"Accept": "text/event-stream"}).status == 405
        assert call("GET", "/mcp", headers=session.headers | {"Accept": "application/json"}).status == 406
        assert call("DELETE", "/mcp").status == 400
        assert call("PUT", "/mcp").status == 405
        assert call("POST", "/mcp", b"x" * (1024 * 1024 + 1), {**BOTH, "Content-Type": "application/json"}).status == 413
        assert call("POST", "/mcp", ping, BOTH).json["result"] == {}  # without a session, too


def test_mcp_answers_malformed_messages_as_json_rpc_says():
    with Server() as server:
        session = Session(server)

        def error(body):
            reply = session.post(body.encode(), **{"Content-Type": "application/json"})
            assert reply.status == 400, (body, reply.status, reply.body)
            return reply.json["error"]["code"], reply.json["id"]

        assert error('{"jsonrpc":"2.0","id":1,"meth') == (-32700, None)
        assert error("") == (-32700, None)
        assert error('{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}') == (-32700, None)
        assert error('{"jsonrpc":"2.0","id":1,"method":"ping","params":' + '{"a":' * 60 + "1" + "}" * 61) == (-32600, None)
        assert error("5") == (-32600, None)
        assert error("[]") == (-32600, None)
        assert error('{"jsonrpc":"1.0","id":7,"method":"ping"}') == (-32600, 7)
        assert error('{"jsonrpc":"2.0","id":null,"method":"ping"}') == (-32600, None)
        assert error('{"jsonrpc":"2.0","id":1.5,"method":"ping"}') == (-32600, None)
        assert error('{"jsonrpc":"2.0","id":7,"method":"ping","params":[1]}') == (-32600, 7)
        assert error('{"jsonrpc":"2.0","id":7}') == (-32600, 7)
        unknown = session.error_of("no/such/method")
        assert unknown["code"] == -32601 and "no/such/method" in unknown["message"]
        assert session.post({"jsonrpc": "2.0", "method": "notifications/unknown"}).status == 202
        assert session.post({"jsonrpc": "2.0", "id": 99, "result": {}}).status == 202
        again = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": NEWEST, **CLIENT}}
        assert session.post(again).status == 400
        assert session.ask("ping")[0]["result"] == {}


def test_mcp_takes_batches_in_the_one_revision_that_has_them():
    with Server() as server:
        batch = [{"jsonrpc": "2.0", "id": "a", "method": "ping"}, {"jsonrpc": "2.0", "method": "notifications/x"}, 5,
                 {"jsonrpc": "2.0", "id": "b", "method": "nothing"}]
        reply = Session(server, "2025-03-26").post(batch)
        assert reply.status == 200, reply.body
        answers = json.loads(reply.body)
        assert [(a["id"], a.get("error", {}).get("code")) for a in answers] == [("a", None), (None, -32600), ("b", -32601)]
        only = Session(server, "2025-03-26").post(batch[1:2])
        assert only.status == 202 and only.body == b""
        for version in ("2025-06-18", NEWEST):
            reply = Session(server, version).post(batch)
            assert reply.status == 400 and reply.json["error"]["code"] == -32600


def test_mcp_tools_are_listed_called_and_refused():
    with Server() as server:
        server.add("fryer-manual.pdf", sample("fryer-manual.pdf"))
        session = Session(server)
        tools = {t["name"]: t for t in session.result_of("tools/list")["tools"]}
        assert {"search_knowledge", "document_read", "list_documents", "file_status", "system_status"} <= set(tools)
        for tool in tools.values():
            assert tool["annotations"]["readOnlyHint"] is True and tool["title"] and tool["description"]
            assert tool["inputSchema"]["type"] == "object" and tool["outputSchema"]["type"] == "object"
        found = session.tool("search_knowledge", query="filter the fryer oil", limit=2)
        assert found["isError"] is False and json.loads(found["content"][0]["text"]) == found["structuredContent"]
        assert found["structuredContent"]["results"][0]["document_name"] == "fryer-manual.pdf"
        wrong = session.tool("search_knowledge", query="oil", limit="many")
        assert wrong["isError"] is True and "limit" in wrong["content"][0]["text"] and "structuredContent" not in wrong
        assert session.error_of("tools/call", {"name": "no_such_tool"})["code"] == -32602
        assert session.error_of("tools/call", {"arguments": {}})["code"] == -32602
        assert session.error_of("tools/call", {"name": "system_status", "arguments": [1]})["code"] == -32602
        plain = session.post({"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {"name": "system_status"}},
                             Accept="application/json")
        assert plain.headers["content-type"] == "application/json" and plain.json["result"]["structuredContent"]["status"]
        anything = session.post({"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {"name": "system_status"}}, Accept="*/*")
        assert anything.headers["content-type"] == "application/json"
        listed = session.post({"jsonrpc": "2.0", "id": 6, "method": "tools/list"}, Accept="text/event-stream")
        assert messages_of(listed)[-1]["id"] == 6 and listed.headers["content-type"] == "text/event-stream"


def test_mcp_tells_progress_and_logs_on_the_way():
    with Server() as server:
        session = Session(server)
        answer, before = session.ask("tools/call", {"name": "system_status", "_meta": {"progressToken": "t-1"}})
        assert answer["result"]["isError"] is False
        progress = [m["params"] for m in before if m["method"] == "notifications/progress"]
        assert [p["progress"] for p in progress] == [0, 1] and all(p["progressToken"] == "t-1" for p in progress)
        assert not session.ask("tools/call", {"name": "system_status"})[1]
        session.result_of("logging/setLevel", {"level": "debug"})
        _, before = session.ask("tools/call", {"name": "system_status"})
        assert [m["params"]["level"] for m in before if m["method"] == "notifications/message"] == ["debug"]
        session.result_of("logging/setLevel", {"level": "error"})
        assert not session.ask("tools/call", {"name": "search_knowledge"})[1]


def test_mcp_documents_and_pages_are_resources():
    with Server() as server:
        manual = server.add("fryer-manual.pdf", sample("fryer-manual.pdf"))["id"]
        server.add("other.md", b"# Elsewhere\n\nSalt.\n", partition="other")
        session = Session(server)
        uri = f"larder://documents/{manual}"
        listed = session.result_of("resources/list")["resources"]
        assert [(r["uri"], r["name"], r["mimeType"]) for r in listed] == [(uri, "fryer-manual.pdf", "text/markdown")]
        whole = session.result_of("resources/read", {"uri": uri})["contents"]
        assert whole[0]["uri"] == uri and "Filtering a vat" in whole[0]["text"]
        text, picture = session.result_of("resources/read", {"uri": uri + "/pages/8"})["contents"]
        assert "ilter" in text["text"] and len(text["text"]) < len(whole[0]["text"])
        assert picture["mimeType"] == "image/png" and base64.b64decode(picture["blob"]).startswith(b"\x89PNG")
        original = session.result_of("resources/read", {"uri": uri + "/original"})["contents"][0]
        assert base64.b64decode(original["blob"]) == sample("fryer-manual.pdf") and original["mimeType"] == "application/pdf"
        for bad in (uri + "/pages/9999", uri + "/pages/x", uri + "/nothing", uri + "x", "larder://documents/", "file:///etc/passwd"):
            error = session.error_of("resources/read", {"uri": bad})
            assert error["code"] == -32002 and error["data"]["uri"] == bad, (bad, error)
        assert session.error_of("resources/read", {})["code"] == -32602
        assert session.error_of("resources/list", {"cursor": "nonsense"})["code"] == -32602
        templates = [t["uriTemplate"] for t in session.result_of("resources/templates/list")["resourceTemplates"]]
        assert "larder://documents/{id}/pages/{page}" in templates
        other = Session(server, query="?partition=other")
        assert [r["name"] for r in other.result_of("resources/list")["resources"]] == ["other.md"]
        assert other.error_of("resources/read", {"uri": uri})["code"] == -32002
        complete = {"ref": {"type": "ref/resource", "uri": "larder://documents/{id}/pages/{page}"},
                    "argument": {"name": "page", "value": "1"}, "context": {"arguments": {"id": manual}}}
        values = session.result_of("completion/complete", complete)["completion"]["values"]
        assert values[0] == "1" and "10" in values and "2" not in values
        complete["argument"] = {"name": "id", "value": "fryer"}
        assert session.result_of("completion/complete", complete)["completion"]["values"] == [manual]


def test_mcp_lists_of_resources_go_on_by_cursor():
    with Server() as server:
        for i in range(55):
            assert server.upload(f"note-{i}.md", f"# Note {i}\n\nSalt {i}.\n".encode()).status == 201
        until(lambda: server.call("GET", "/v1/documents?status=ready&limit=1").json["total"] == 55, "all are ready", 60)
        session = Session(server)
        first = session.result_of("resources/list")
        assert len(first["resources"]) == 50
        rest = session.result_of("resources/list", {"cursor": first["nextCursor"]})
        assert "nextCursor" not in rest
        assert len({r["uri"] for r in first["resources"] + rest["resources"]}) == 55


def test_mcp_prompts_are_filled_in():
    with Server() as server:
        session = Session(server)
        prompts = {p["name"]: p for p in session.result_of("prompts/list")["prompts"]}
        assert {"troubleshoot", "shift_checklist", "compare_documents", "ask_general"} <= set(prompts)
        got = session.result_of("prompts/get", {"name": "troubleshoot", "arguments": {"equipment": "FX {issue}", "issue": "E-12"}})
        text = got["messages"][0]["content"]["text"]
        assert got["messages"][0]["role"] == "user" and "Equipment: FX {issue}\nIssue: E-12" in text
        assert session.error_of("prompts/get", {"name": "troubleshoot", "arguments": {"issue": "x"}})["code"] == -32602
        assert session.error_of("prompts/get", {"name": "nothing"})["code"] == -32602
        got = session.result_of("prompts/get", {"name": "ask_equipment", "arguments": {"question": "How hot?"}})
        assert got["messages"][0]["content"]["text"].endswith("Question: How hot?")


def test_mcp_tells_a_session_of_changed_documents_until_it_is_ended():
    with Server() as server:
        note = server.add("note.md", b"# Note\n\nSalt.\n")["id"]
        session = Session(server)
        uri = f"larder://documents/{note}"
        assert session.result_of("resources/subscribe", {"uri": uri}) == {}
        assert session.error_of("resources/subscribe", {"uri": "larder://documents/x"})["code"] == -32002
        stream = Stream(session)
        assert stream.reply.status == 200 and stream.reply.getheader("Content-Type") == "text/event-stream"
        server.call("POST", f"/v1/documents/{note}/reread")
        stream.wait(lambda s: any(m["method"] == "notifications/resources/updated" and m["params"]["uri"] == uri for m in s.messages()))
        assert any(m["method"] == "notifications/resources/list_changed" for m in stream.messages())
        assert session.result_of("resources/unsubscribe", {"uri": uri}) == {}
        assert server.call("DELETE", "/mcp", headers=session.headers).status == 204
        stream.wait(lambda s: s.ended)
        assert server.call("DELETE", "/mcp", headers=session.headers).status == 404
        assert session.post({"jsonrpc": "2.0", "id": 1, "method": "ping"}).status == 404
        stream.close()


def test_mcp_a_session_hears_of_what_its_key_opens_and_ends_with_it():
    with Server() as server:
        admin = server.key
        made = server.call("POST", "/v1/keys", {"name": "north", "role": "viewer", "partitions": ["north"]}).json
        server.key = made["key"]
        stream = Stream(Session(server))
        server.key = admin
        server.add("hidden.md", b"# Grill\n\nThe grill is scraped.\n", partition="south")
        time.sleep(1.2)  # the keeper has looked
        assert stream.messages() == [] and not stream.ended
        server.add("seen.md", b"# Oven\n\nThe oven is wiped.\n", partition="north")
        stream.wait(lambda s: s.messages())
        assert server.call("DELETE", f"/v1/keys/{made['id']}").status in (200, 204)
        stream.wait(lambda s: s.ended)
        stream.close()


def test_mcp_sends_the_rest_of_a_broken_stream_again():
    with Server() as server:
        session = Session(server)
        reply = session.post({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                              "params": {"name": "system_status", "_meta": {"progressToken": 1}}})
        events = events_of(reply.body.decode())
        assert events[0][1] == "" and all(number for number, _ in events)  # the first only tells an id
        for at in range(len(events)):
            stream = Stream(session, **{"Last-Event-ID": events[at][0]})
            stream.wait(lambda s: s.ended)
            assert [n for n, _ in events_of(stream.text)] == [n for n, data in events[at + 1:] if data]
        other = Stream(Session(server), **{"Last-Event-ID": events[0][0]})  # of another session: nothing of it
        time.sleep(0.3)
        assert not other.messages() and not other.ended
        other.close()
        older = Session(server, "2025-06-18").post({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "system_status"}})
        assert all(number is None and data for number, data in events_of(older.body.decode()))


def test_mcp_a_server_with_open_streams_stops_at_once():
    server = Server().start()
    streams = [Stream(Session(server)) for _ in range(5)]
    start = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - start < 20, "streams held up the end"
    for stream in streams:
        stream.wait(lambda s: s.ended)
        stream.close()
    server.__exit__(None, None, None)


def test_mcp_many_sessions_and_calls_at_once():
    with Server() as server:
        server.add("a.md", b"# Fryer\n\nFilter the oil daily.\n")
        faults = []

        def work():
            try:
                session = Session(server)
                for _ in range(5):
                    assert session.tool("search_knowledge", query="oil")["structuredContent"]["results"]
                assert server.call("DELETE", "/mcp", headers=session.headers).status == 204
            except Exception as error:  # noqa: BLE001
                faults.append(error)

        threads = [threading.Thread(target=work) for _ in range(12)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert not faults, faults[0]


def stdio(server, lines, *options, **more):
    env = {"PATH": os.environ["PATH"], **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}, **more}
    done = subprocess.run([server.build / "larder", "mcp", "--data", server.data, *options], input="".join(line + "\n" for line in lines),
                          capture_output=True, text=True, timeout=60, env=env)
    return done, [json.loads(line) for line in done.stdout.splitlines()]


def test_mcp_the_oldest_idle_session_gives_way_and_standard_input_begins_its_own_again():
    sessions_max = 1024  # MCP_SESSIONS_MAX
    hello = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": "2025-06-18", **CLIENT}}
    with Server() as server:
        proxy = subprocess.Popen([server.build / "larder", "mcp", "--data", server.data], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 text=True, env={"PATH": os.environ["PATH"], "LARDER_KEY": server.key})

        def tell(message):
            proxy.stdin.write(json.dumps(message) + "\n")
            proxy.stdin.flush()
            return json.loads(proxy.stdout.readline())

        try:
            assert tell(hello)["id"] == 0
            listening, idle = Session(server), Session(server)
            stream = Stream(listening)
            for _ in range(sessions_max):
                assert server.call("POST", "/mcp", hello, BOTH).status == 200
            assert idle.post({"jsonrpc": "2.0", "id": 1, "method": "ping"}).status == 404
            assert listening.result_of("ping") == {} and not stream.ended
            assert tell({"jsonrpc": "2.0", "id": 5, "method": "ping"}) == {"jsonrpc": "2.0", "id": 5, "result": {}}
            stream.close()
        finally:
            proxy.stdin.close()
            proxy.wait(20)
            proxy.stdout.close()


def test_mcp_over_standard_input_and_output():
    hello = json.dumps({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": "2025-06-18", **CLIENT}})
    ready = json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"})
    call = json.dumps({"jsonrpc": "2.0", "id": "c", "method": "tools/call",
                       "params": {"name": "system_status", "_meta": {"progressToken": 4}}})
    with Server() as server:
        done, messages = stdio(server, [hello, ready, call, "", "not json", json.dumps({"jsonrpc": "2.0", "id": 9, "method": "ping"})])
        assert done.returncode == 0, done.stderr
        assert messages[0]["id"] == 0 and messages[0]["result"]["protocolVersion"] == "2025-06-18"
        by_id = {m.get("id"): m for m in messages if "method" not in m}
        assert by_id["c"]["result"]["isError"] is False and by_id[9]["result"] == {} and by_id[None]["error"]["code"] == -32700
        assert [m["params"]["progress"] for m in messages if m.get("method") == "notifications/progress"] == [0, 1]
        partition = "kitchen-of-the-branch-at-the-harbour-with-a-name-that-is-as-long-as-it-may-be-" + "x" * 48
        server.add("pilot.md", b"# Pilot flame\n\nHold the knob for thirty seconds.\n", partition=partition)
        ask = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                          "params": {"name": "search_knowledge", "arguments": {"query": "hold the knob"}}})
        done, messages = stdio(server, [hello, ready, ask], "--partition", partition)
        assert "pilot.md" in str(messages), "a long name of a partition arrives whole"
        done, messages = stdio(server, [hello], LARDER_KEY="wrong")
        assert "error" in messages[0] and "key" in messages[0]["error"]["message"], messages
    with Server() as gone:
        pass
    done, messages = stdio(gone, [hello, ready], LARDER_URL=f"http://127.0.0.1:{gone.port}")
    assert messages[0]["id"] == 0 and "larder serve" in messages[0]["error"]["message"], messages


class Examples(Server):
    """The server with the example tools of the protocol's conformance suite, which ask the client and take their time."""

    def start(self, wait=True):
        program = self.build / "tests/interop/larder-conformance"
        if not program.exists():
            raise Skip("this build has no test programs")
        self.settings["reader_program"] = self.build / "larder-reader"
        self.folder = tempfile.mkdtemp(prefix="larder-e2e-")
        os.symlink(program.resolve(), os.path.join(self.folder, "larder"))
        self.build = pathlib.Path(self.folder)
        return super().start(wait)

    def __exit__(self, *error):
        super().__exit__(*error)
        shutil.rmtree(self.folder, ignore_errors=True)


class Call(Stream):
    """A POST whose stream stays open."""

    def __init__(self, session, message, **headers):
        self.connection = http.client.HTTPConnection("127.0.0.1", session.server.port, timeout=30)
        headers = {**session.headers, "Authorization": f"Bearer {session.server.key}", "Content-Type": "application/json", **headers}
        self.connection.request("POST", session.path, json.dumps(message), headers)
        self.reply = self.connection.getresponse()
        self.text = ""
        self.ended = False
        threading.Thread(target=self._read, daemon=True).start()


def test_mcp_a_tool_asks_the_client_and_a_withdrawn_call_ends_without_an_answer():
    with Examples() as server:
        able = {"protocolVersion": NEWEST, "capabilities": {"elicitation": {}, "sampling": {}}, "clientInfo": {"name": "e2e", "version": "1"}}
        session = Session(server)
        reply = server.call("POST", "/mcp", {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": able}, BOTH)
        session.headers["Mcp-Session-Id"] = reply.headers["mcp-session-id"]
        message = {"jsonrpc": "2.0", "id": "one", "method": "tools/call", "params": {"name": "test_elicitation", "arguments": {"message": "who?"}}}
        asked = lambda s: any(m.get("method") == "elicitation/create" for m in s.messages())  # noqa: E731
        call = Call(session, message)
        call.wait(asked)
        number = call.messages()[0]["id"]
        assert session.post({"jsonrpc": "2.0", "id": number, "result": {"action": "accept", "content": {"username": "u"}}}).status == 202
        call.wait(lambda s: s.ended)
        assert "\"username\":\"u\"" in call.messages()[-1]["result"]["content"][0]["text"]
        refused = Call(session, {**message, "id": "two"})
        refused.wait(asked)
        session.post({"jsonrpc": "2.0", "id": refused.messages()[0]["id"], "error": {"code": -1, "message": "no"}})
        refused.wait(lambda s: s.ended)
        assert refused.messages()[-1]["result"]["isError"] is True
        withdrawn = Call(session, {**message, "id": "three"})
        withdrawn.wait(asked)
        start = time.monotonic()
        assert session.post({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "three"}}).status == 202
        withdrawn.wait(lambda s: s.ended)
        assert time.monotonic() - start < 10 and len(withdrawn.messages()) == 1, withdrawn.messages()
        deleted = Call(session, {**message, "id": "four"})
        deleted.wait(asked)
        assert server.call("DELETE", "/mcp", headers=session.headers).status == 204
        deleted.wait(lambda s: s.ended)
        assert len(deleted.messages()) == 1
        stateless = Session(server)
        stateless.headers.pop("Mcp-Session-Id")
        answer = stateless.ask("tools/call", {"name": "test_elicitation", "arguments": {"message": "who?"}})[0]
        assert answer["result"]["isError"] is True


def test_mcp_a_stream_that_the_server_ends_early_is_resumed():
    with Examples() as server:
        session = Session(server)
        call = Call(session, {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "test_reconnection"}})
        call.wait(lambda s: s.ended)
        events = events_of(call.text)
        assert events and not call.messages() and "retry: " in call.text
        rest = Stream(session, **{"Last-Event-ID": events[-1][0]})
        rest.wait(lambda s: s.ended)
        assert rest.messages()[-1]["id"] == 1 and rest.messages()[-1]["result"]["content"]


def test_mcp_a_session_belongs_to_the_key_that_began_it():
    with Server() as server:
        server.add("a.md", b"# Fryer\n\nFilter the oil daily.\n", partition="north")
        made = server.call("POST", "/v1/keys", {"name": "reader", "role": "viewer", "partitions": ["north"]})
        assert made.status == 201, made.body
        session = Session(server)
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        other = {"Authorization": f"Bearer {made.json['key']}"}
        assert session.post(ping).status == 200 and session.post(ping, **other).status == 404
        assert server.call("DELETE", "/mcp", headers=session.headers | other).status == 404
        listed = server.call("POST", "/mcp", {**ping, "method": "resources/list"}, BOTH | other).json
        assert [r["name"] for r in listed["result"]["resources"]] == ["a.md"]
        assert server.call("POST", "/mcp?partition=default", ping, BOTH | other).status == 403
