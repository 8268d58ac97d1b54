# SPDX-License-Identifier: AGPL-3.0-or-later
"""/mcp in revision 2026-07-28: no session, _meta and headers in each request, subscriptions as an answer that does not end."""
import base64
import http.client
import json
import subprocess
import time

from harness import Server, sample, until

REVISION = "2026-07-28"
NAMES = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
META = "io.modelcontextprotocol/"


def envelope(**more):
    return {META + "protocolVersion": REVISION, META + "clientCapabilities": {}, **more}


def send(server, method, params=None, meta=None, headers=None, id=1):
    params = dict(params or {})
    if meta is not False:
        params["_meta"] = envelope() if meta is None else meta
    sent = {"MCP-Protocol-Version": REVISION, "Mcp-Method": method, "Accept": "application/json, text/event-stream",
            "Content-Type": "application/json"}
    if method in NAMES and NAMES[method] in params:
        sent["Mcp-Name"] = params[NAMES[method]]
    sent.update(headers or {})
    message = {"jsonrpc": "2.0", "method": method, "params": params, **({"id": id} if id is not None else {})}
    return server.call("POST", "/mcp", json.dumps(message).encode(), {k: v for k, v in sent.items() if v is not None})


def result(server, method, params=None, **more):
    reply = send(server, method, params, **more)
    assert reply.status == 200 and "result" in reply.json, (method, reply.status, reply.body[:400])
    assert "mcp-session-id" not in reply.headers
    found = reply.json["result"]
    assert found["resultType"] == "complete" and found["_meta"][META + "serverInfo"]["name"] == "larder", found
    return found


def test_modern_requests_are_answered_without_a_session():
    with Server() as server:
        server.add("fryer-manual.pdf", sample("fryer-manual.pdf"))
        found = result(server, "server/discover")
        assert found["supportedVersions"] == [REVISION] and "tools" in found["capabilities"] and "search_knowledge" in found["instructions"]
        tools = result(server, "tools/list")
        assert tools["ttlMs"] > 0 and tools["cacheScope"] == "private" and any(t["name"] == "search_knowledge" for t in tools["tools"])
        called = result(server, "tools/call", {"name": "search_knowledge", "arguments": {"query": "filter the oil"}})
        assert called["structuredContent"]["results"] and "ttlMs" not in called
        listed = result(server, "resources/list")
        assert listed["ttlMs"] == 0
        uri = listed["resources"][0]["uri"]
        assert "Filtering a vat" in result(server, "resources/read", {"uri": uri})["contents"][0]["text"]
        assert result(server, "prompts/get", {"name": "troubleshoot", "arguments": {"equipment": "FX-200", "issue": "E-12"}})["messages"]
        wrong = result(server, "tools/call", {"name": "search_knowledge", "arguments": {"query": "oil", "limit": "many"}})
        assert wrong["isError"] and "limit" in wrong["content"][0]["text"]


def test_modern_requests_that_contradict_themselves_are_refused():
    call = {"name": "list_documents", "arguments": {}}
    with Server() as server:
        cases = [
            (send(server, "tools/list", meta=False), 400, -32602),
            (send(server, "tools/list", meta={META + "protocolVersion": REVISION}), 400, -32602),
            (send(server, "tools/list", meta={META + "clientCapabilities": {}}), 400, -32602),
            (send(server, "tools/list", meta=envelope(**{META + "protocolVersion": "2099-01-01"})), 400, -32020),
            (send(server, "tools/list", headers={"Mcp-Method": "tools/call"}), 400, -32020),
            (send(server, "tools/list", headers={"Mcp-Method": None}), 400, -32020),
            (send(server, "tools/call", call, headers={"Mcp-Name": "file_status"}), 400, -32020),
            (send(server, "tools/call", call, headers={"Mcp-Name": None}), 400, -32020),
            (send(server, "tools/call", call, headers={"Mcp-Name": "=?base64?bm90IGl0?="}), 400, -32020),
            (send(server, "tools/call", call, headers={"Mcp-Name": "=?base64?!?="}), 400, -32020),
            (send(server, "ping"), 404, -32601),
            (send(server, "initialize"), 404, -32601),
            (send(server, "no/method"), 404, -32601),
            (send(server, "tools/call", {"name": "no_tool"}), 400, -32602),
            (send(server, "resources/read", {"uri": "larder://documents/none"}), 400, -32602),
        ]
        for n, (reply, status, code) in enumerate(cases):
            assert (reply.status, reply.json["error"]["code"], reply.json["id"]) == (status, code, 1), (n, reply.status, reply.body)
        assert cases[-1][0].json["error"]["data"]["uri"] == "larder://documents/none"
        other = "v999"
        reply = send(server, "server/discover", meta=envelope(**{META + "protocolVersion": other}), headers={"MCP-Protocol-Version": other})
        assert reply.status == 400 and reply.json["error"]["code"] == -32022, reply.body
        assert reply.json["error"]["data"] == {"supported": [REVISION], "requested": other}
        coded = "=?base64?" + base64.b64encode(b"list_documents").decode() + "?="
        assert send(server, "tools/call", call, headers={"Mcp-Name": coded}).status == 200
        assert send(server, "notifications/cancelled", {"requestId": 1}, id=None).status == 202
        batch = json.dumps([{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}]).encode()
        head = {"MCP-Protocol-Version": REVISION, "Content-Type": "application/json"}
        assert server.call("POST", "/mcp", batch, head).status == 400
        for method in ("GET", "DELETE"):
            reply = server.call(method, "/mcp", headers={**head, "Accept": "text/event-stream"})
            assert reply.status == 405 and reply.headers["allow"] == "POST", (method, reply.status)


def messages(reply):
    return [json.loads(line[6:]) for line in reply.body.decode().split("\n") if line.startswith("data: {")]


def test_modern_progress_and_log_messages_come_only_when_asked_for():
    call = {"name": "search_knowledge", "arguments": {"query": "oil"}}
    with Server() as server:
        assert send(server, "tools/call", call).headers["content-type"].startswith("application/json")
        reply = send(server, "tools/call", call, meta=envelope(progressToken=7))
        assert reply.headers["content-type"] == "text/event-stream"
        assert [m.get("method") for m in messages(reply)] == ["notifications/progress"] * 2 + [None], reply.body
        reply = send(server, "tools/call", call, meta=envelope(**{META + "logLevel": "debug"}))
        assert [m.get("method") for m in messages(reply)] == ["notifications/message", None], reply.body
        reply = send(server, "tools/call", call, meta=envelope(**{META + "logLevel": "error"}))
        assert [m.get("method") for m in messages(reply)] == [None] and messages(reply)[0]["result"]["resultType"] == "complete"


def listen(server, wanted, id="sub-1", key=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    message = {"jsonrpc": "2.0", "id": id, "method": "subscriptions/listen", "params": {"_meta": envelope(), "notifications": wanted}}
    connection.request("POST", "/mcp", json.dumps(message).encode(), {
        "Authorization": f"Bearer {key or server.key}", "Content-Type": "application/json", "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": REVISION, "Mcp-Method": "subscriptions/listen"})
    return connection, connection.getresponse()


def next_message(reply):
    while True:
        line = reply.readline()
        assert line, "the stream has ended"
        if line.startswith(b"data: {"):
            return json.loads(line[6:])


def test_modern_subscriptions_tell_what_was_asked_for_and_end_with_the_server():
    with Server() as server:
        server.add("a.md", b"# Grill\n\nThe grill is scraped at closing.\n")
        uri = result(server, "resources/list")["resources"][0]["uri"]
        connection, reply = listen(server, {"resourcesListChanged": True, "resourceSubscriptions": [uri], "toolsListChanged": True})
        quiet, quiet_reply = listen(server, {"promptsListChanged": True}, id=9)
        first = next_message(reply)
        assert first["method"] == "notifications/subscriptions/acknowledged", first
        assert first["params"]["notifications"] == {"resourcesListChanged": True, "resourceSubscriptions": [uri]}
        assert next_message(quiet_reply)["params"] == {"_meta": {META + "subscriptionId": 9}, "notifications": {}}
        assert server.call("POST", f"/v1/documents/{uri.rsplit('/')[-1]}/reread").status in (200, 202)
        seen = {m["method"]: m["params"] for m in (next_message(reply), next_message(reply))}
        assert set(seen) == {"notifications/resources/list_changed", "notifications/resources/updated"}, seen
        assert seen["notifications/resources/updated"]["uri"] == uri
        assert all(p["_meta"] == {META + "subscriptionId": "sub-1"} for p in seen.values()), seen
        start = time.monotonic()
        assert server.stop() == 0 and time.monotonic() - start < 20
        last = next_message(quiet_reply)  # nothing came between that was not asked for
        assert last["id"] == 9 and last["result"] == {"resultType": "complete", "_meta": {META + "subscriptionId": 9}}, last
        connection.close()
        quiet.close()
        server.start()


def test_modern_subscriptions_are_of_documents_that_the_key_opens_and_end_with_it():
    with Server() as server:
        made = server.call("POST", "/v1/keys", {"name": "north", "role": "viewer", "partitions": ["north"]}).json
        hidden = server.add("b.md", b"# Grill\n\nThe grill is scraped.\n", partition="south")["id"]
        uri = f"larder://documents/{hidden}"
        connection, reply = listen(server, {"resourcesListChanged": True, "resourceSubscriptions": [uri]}, key=made["key"])
        assert next_message(reply)["method"] == "notifications/subscriptions/acknowledged"
        server.call("POST", f"/v1/documents/{hidden}/reread")
        assert server.wait(hidden)["status"] == "ready"
        time.sleep(1.2)  # the keeper has looked: it told of nothing, so the next is of what comes now
        seen = server.add("a.md", b"# Oven\n\nThe oven is wiped.\n", partition="north")["id"]
        assert next_message(reply)["method"] == "notifications/resources/list_changed"
        assert server.call("DELETE", f"/v1/keys/{made['id']}").status in (200, 204)
        server.call("POST", f"/v1/documents/{seen}/reread")
        end, rest = time.monotonic() + 18, b""
        while line := reply.readline():  # until it ends; a heartbeat comes every 15 s while it does not
            rest += line
            assert time.monotonic() < end, "the subscription outlives its key"
        assert uri.encode() not in rest, rest
        connection.close()


def test_modern_too_many_subscriptions_are_refused_and_those_that_left_make_room():
    with Server() as server:
        held = [listen(server, {"resourcesListChanged": True}, id=n) for n in range(256)]
        for _, reply in held:
            assert reply.status == 200
        assert listen(server, {})[1].status == 503
        for connection, reply in held:
            reply.close()
            connection.close()
        until(lambda: listen(server, {})[1].status == 200, "streams of clients that left make room")


def test_modern_messages_over_standard_input_and_output():
    with Server() as server:
        server.add("a.md", b"# Grill\n\nThe grill is scraped at closing.\n")
        program = subprocess.Popen([server.build / "larder", "mcp", "--data", server.data], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True)

        def write(id, method, **params):
            message = {"jsonrpc": "2.0", "method": method, "params": {"_meta": envelope(), **params}}
            program.stdin.write(json.dumps({**message, "id": id} if id is not None else message) + "\n")
            program.stdin.flush()

        def read():
            return json.loads(program.stdout.readline())

        write(1, "server/discover")
        assert read()["result"]["supportedVersions"] == [REVISION]
        write(2, "tools/call", name="search_knowledge", arguments={"query": "grill"})
        assert read()["result"]["structuredContent"]["results"]
        write(3, "ping")
        assert read()["error"]["code"] == -32601
        write(4, "prompts/get", name="no prompt – none")  # a name that no header holds as it is
        assert read()["error"]["code"] == -32602
        write(5, "subscriptions/listen", notifications={"resourcesListChanged": True})
        assert read()["method"] == "notifications/subscriptions/acknowledged"
        server.add("b.md", b"# Fryer\n\nThe fryer is filtered at closing.\n")
        assert read()["method"] == "notifications/resources/list_changed"
        write(None, "notifications/cancelled", requestId=5)
        write(6, "subscriptions/listen", notifications={})
        assert read()["params"]["_meta"] == {META + "subscriptionId": 6}
        program.stdin.close()
        assert program.wait(20) == 0  # an open subscription does not hold it up
