# SPDX-License-Identifier: AGPL-3.0-or-later
"""Events, access, health, starting and stopping."""
import http.client
import json
import os
import re
import signal
import subprocess
import time

from harness import Server, WebSocket, fixture, sample, until


def events(server, since=0):
    return server.call("GET", f"/v1/events?since={since}").json["events"]


def test_events_are_numbered_without_gaps_and_tell_the_whole_story():
    with Server() as server:
        document = server.add("big.csv", b"a,b,c\n" + b"".join(b"%d,fries,salt\n" % i for i in range(300_000)))
        log = events(server)
        assert [e["seq"] for e in log] == list(range(1, len(log) + 1))
        kinds = [e["kind"] for e in log if e.get("document_id") == document["id"]]
        assert kinds[0] == "document.created" and kinds[-1] == "document.ready" and "document.progress" in kinds
        progress = [e["data"]["progress"] for e in log if e["kind"] == "document.progress"][-1]
        assert progress["unit"] == "row" and 0 < progress["done"], progress


def test_websocket_resumes_by_number_without_loss():
    with Server() as server:
        socket = WebSocket(server, "/v1/events?since=0")
        assert socket.status == 101
        server.add("a.txt", b"first\n")
        got = [socket.event() for _ in range(2)]
        socket.close()
        server.add("b.txt", b"second\n")
        socket = WebSocket(server, f"/v1/events?since={got[-1]['seq']}")
        while got[-1]["kind"] != "document.ready" or got[-1]["data"]["name"] != "b.txt":
            got.append(socket.event())
        socket.close()
        assert [e["seq"] for e in got] == list(range(1, len(got) + 1))


def test_sse_resumes_by_last_event_id():
    with Server() as server:
        server.add("a.txt", b"first\n")
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("GET", "/v1/events", headers={"Accept": "text/event-stream", "Last-Event-ID": "1",
                                                         "Authorization": f"Bearer {server.key}"})
        reply = connection.getresponse()
        assert reply.status == 200 and reply.headers["Content-Type"].startswith("text/event-stream")
        ids = []
        while len(ids) < 2:
            line = reply.fp.readline().decode().strip()
            if line.startswith("id:"):
                ids.append(int(line[3:]))
        assert ids == [2, 3]
        connection.close()


def test_without_a_key_nothing_is_given():
    with Server() as server:
        document = server.add("a.txt", b"only for us\n")
        for method, path in (("GET", "/v1/documents"), ("GET", f"/v1/documents/{document['id']}/original"), ("GET", "/health"),
                             ("POST", "/v1/search"), ("GET", "/v1/events"), ("DELETE", f"/v1/documents/{document['id']}"),
                             ("GET", "/v1/status"), ("POST", "/v1/documents?name=x.txt")):
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": "larder_session=1.2"}):
                reply = server.call(method, path, b"{}" if method == "POST" else None, headers, key=False)
                assert reply.status == 401, (method, path, headers, reply.status)
                assert reply.json["detail"]
        assert WebSocket(server, "/v1/events", {"Authorization": None}).status == 401
        assert not list((server.data / "spool").iterdir())


def test_a_browser_signs_in_by_key_or_by_the_link_once():
    with Server() as server:
        assert server.call("POST", "/v1/session", {"key": "wrong"}, key=False).status == 401
        reply = server.call("POST", "/v1/session", {"key": server.key}, key=False)
        cookie = reply.headers["set-cookie"]
        assert reply.status == 204 and "HttpOnly" in cookie and "SameSite=Strict" in cookie
        session = {"Cookie": cookie.split(";")[0]}
        assert server.call("GET", "/v1/documents", headers=session, key=False).status == 200
        forged = {**session, "Origin": "http://evil.example", "Content-Type": "application/json"}
        assert server.call("POST", "/v1/search", b'{"query":"x"}', forged, key=False).status == 403
        assert WebSocket(server, "/v1/events", {"Authorization": None, **forged}).status == 403
        own = {**session, "Origin": f"http://127.0.0.1:{server.port}"}
        assert WebSocket(server, "/v1/events", {"Authorization": None, **own}).status == 101
        link = re.search(r"/start\?token=\S+", server.log_text())[0]
        first = server.call("GET", link, key=False)
        assert first.status == 303 and "larder_session=" in first.headers["set-cookie"]
        assert "set-cookie" not in server.call("GET", link, key=False).headers


def test_open_loopback_trusts_only_its_own_names():
    with Server({"access_loopback": "open"}, key=False) as server:
        assert server.call("GET", "/v1/documents").status == 200
        assert server.call("GET", "/v1/documents", headers={"Host": "evil.example"}).status == 401
        assert server.call("GET", "/v1/documents", headers={"Origin": "http://evil.example"}).status == 401


def test_the_page_and_its_files_are_served_with_a_strict_policy():
    with Server() as server:
        page = server.call("GET", "/documents/anything", key=False)
        assert page.status == 200 and page.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "unsafe" not in page.headers["content-security-policy"]
        for link in re.findall(r'(?:src|href)="(/[^"]+)"', page.body.decode()):
            assert server.call("GET", link, key=False).status == 200, link
        assert server.call("GET", "/v1/nothing").status == 404 and server.call("GET", "/../etc/passwd").status in (400, 404)


def test_health_formats_status_and_openapi():
    with Server() as server:
        health = server.call("GET", "/health")
        assert health.headers["content-type"].startswith("application/health+json") and health.json["status"] == "pass"
        types = {f["type"] for f in server.call("GET", "/v1/formats").json["formats"]}
        assert {"pdf", "docx", "docm", "xlsx", "xlsm", "pptx", "txt", "md", "csv"} <= types
        assert server.call("GET", "/v1/status").json["documents"]["total"] == 0
        api = server.call("GET", "/v1/openapi.json", key=False).json
        assert api["openapi"].startswith("3.1") and "/v1/documents/{id}" in api["paths"]
        text = json.dumps(api)
        for ref in re.findall(r'"#/components/schemas/(\w+)"', text):
            assert ref in api["components"]["schemas"], ref
        for path, operations in api["paths"].items():
            for name in re.findall(r"\{(\w+)\}", path):
                for operation in operations.values():
                    assert any(p["name"] == name for p in operation["parameters"]), (path, name)


def test_errors_never_show_our_insides():
    leaks = re.compile(rb"/(tmp|work|home|usr|var)/|SELECT|INSERT|sqlite|mupdf|expat|libzip|\.c:\d|constraint", re.I)
    with Server() as server:
        calls = [("GET", "/v1/documents/nope", None), ("GET", "/v1/documents/" + "0" * 36, None), ("POST", "/v1/search", b"{"),
                 ("POST", "/v1/search", b"[]"), ("GET", "/v1/documents?limit=x", None), ("GET", "/v1/documents?after=%27%22", None),
                 ("POST", "/v1/documents", b"x"), ("POST", "/v1/documents?name=", b"x"), ("PUT", "/v1/documents", b"x"),
                 ("GET", "/v1/events?since=-1", None), ("POST", "/v1/documents?name=a.txt&metadata={", b"x"),
                 ("POST", "/v1/documents?name=a.txt&partition=A/B", b"x"), ("PATCH", "/v1/documents/x/metadata", b"{}"),
                 ("GET", "/v1/documents?order=name;drop", None)]
        for method, path, body in calls:
            reply = server.call(method, path, body)
            assert 400 <= reply.status < 500, (method, path, reply.status, reply.body)
            assert reply.json["title"] and not leaks.search(reply.body), (path, reply.body)
        for name in ("hostile/truncated.docx", "hostile/noise.pdf", "hostile/malformed-xml.docx", "hostile/encrypted.xlsx"):
            reply = server.upload(name.split("/")[1], fixture(name))
            assert reply.status == 422 and not leaks.search(reply.body), reply.body


def test_a_second_server_on_the_same_folder_is_refused():
    with Server() as server:
        second = Server(data=server.data)
        second.start(wait=False)
        assert second.process.wait(20) != 0
        assert "already" in second.log_text()
        assert server.call("GET", "/readyz").status == 200


def test_documents_and_sessions_outlive_a_restart():
    server = Server().start()
    try:
        document = server.add("a.md", b"# Oven\n\nPreheat the oven.\n")
        last = events(server)[-1]["seq"]
        cookie = server.call("POST", "/v1/session", {"key": server.key}, key=False).headers["set-cookie"].split(";")[0]
        assert server.stop() == 0
        server.start()
        assert server.search("preheat")[0]["document_id"] == document["id"]
        assert server.call("GET", "/v1/documents", headers={"Cookie": cookie}, key=False).status == 200
        server.add("b.md", b"# Oven\n\nCool the oven.\n")
        assert [e["seq"] for e in events(server, last)][0] == last + 1
    finally:
        server.__exit__(None, None, None)


def test_a_stop_in_the_middle_loses_nothing():
    server = Server().start()
    try:
        ids = [server.upload(f"n{i}.pdf", sample("fryer-manual.pdf") + b"\n%" + str(i).encode()).json["id"] for i in range(6)]
        assert server.stop(signal.SIGTERM) == 0
        server.start()
        assert all(server.wait(one)["status"] == "ready" for one in ids)
    finally:
        server.__exit__(None, None, None)


def test_a_killed_reader_is_tried_again():
    with Server() as server:
        reply = server.upload("big.csv", b"a,b,c\n" + b"".join(b"%d,fries,salt\n" % i for i in range(400_000)))
        assert reply.status == 201, reply.body
        killed = False
        end = time.monotonic() + 60
        while not killed and time.monotonic() < end:
            children = open(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read().split()
            for task in os.listdir(f"/proc/{server.process.pid}/task"):
                children += open(f"/proc/{server.process.pid}/task/{task}/children").read().split()
            for child in children:
                try:
                    if b"larder-reader" in open(f"/proc/{child}/cmdline", "rb").read():
                        os.kill(int(child), signal.SIGKILL)
                        killed = True
                        break
                except OSError:
                    pass
        assert killed
        document = server.wait(reply.json["id"])
        assert document["status"] == "ready", document


def test_cancel_stops_reading_within_a_second_or_so():
    with Server() as server:
        reply = server.upload("big.csv", b"a,b,c\n" + b"".join(b"%d,fries,salt\n" % i for i in range(900_000)))
        path = f"/v1/documents/{reply.json['id']}"
        until(lambda: server.call("GET", path).json["status"] != "pending", "its reading begins")
        assert server.call("POST", path + "/cancel").status == 200
        document = server.wait(reply.json["id"], 10)
        assert document["status"] == "failed" and "cancel" in json.dumps(document["errors"]).lower(), document
        assert not server.search("fries")


def test_a_full_queue_answers_503_and_takes_no_work():
    with Server({"jobs_workers": 1, "jobs_queue": 1}) as server:
        slow = server.upload("slow.csv", b"a,b,c\n" + b"".join(b"%d,fries,salt\n" % i for i in range(900_000))).json
        path = f"/v1/documents/{slow['id']}"
        until(lambda: server.call("GET", path).json["status"] != "pending", "its reading begins")
        waiting = server.upload("second.txt", b"Wash the lettuce.\n")
        assert waiting.status == 201, waiting.body
        full = server.upload("third.txt", b"Dry the lettuce.\n")
        assert full.status == 503 and int(full.headers["retry-after"]) >= 1, (full.status, full.headers)
        assert "jobs.queue" in full.json["detail"], full.body
        again = server.upload("second.txt", b"Wash the lettuce.\n")  # what is there already needs no place in the queue
        assert again.status == 200 and again.json["duplicate"], again.body
        assert server.call("GET", "/v1/documents").json["total"] == 2
        assert server.call("POST", path + "/cancel").status == 200
        assert server.wait(waiting.json["id"])["status"] == "ready"
        assert server.upload("third.txt", b"Dry the lettuce.\n").status == 201


def test_every_command_tells_how_it_is_used():
    server = Server(data="nowhere")
    names = re.findall(r"^  ([a-z]+) ", server.cli("help", check=0).stdout, re.M)
    assert len(names) > 20, names
    for name in names:
        assert server.cli(name, "--help", check=0).stdout == server.cli("help", name, check=0).stdout, name
    assert server.cli("search", "-h", env={"LARDER_SERVER_LISTEN": "nonsense"}, check=0).stdout.startswith("usage: larder search")


def test_the_command_line_walks_the_whole_road():
    with Server() as server:
        folder = server.data.parent / (server.data.name + ".files")
        folder.mkdir()
        try:
            (folder / "fryer.md").write_bytes(b"# Fryer\n\nFilter the oil after the lunch rush.\n")
            (folder / "bad.pdf").write_bytes(b"no pdf at all")
            added = server.cli("add", folder / "fryer.md", check=0)
            assert "fryer.md: ready" in added.stdout
            refused = server.cli("add", folder / "bad.pdf", check=65)
            assert "type.mismatch" in refused.stdout and "layer 3" in refused.stdout
            listed = json.loads(server.cli("list", "--json", check=0).stdout)
            assert listed["total"] == 1
            one = listed["documents"][0]["id"]
            assert "Filter the oil" in server.cli("show", one, check=0).stdout
            found = server.cli("search", "filter", "oil", check=0).stdout
            assert "fryer.md, line" in found
            assert json.loads(server.cli("search", "oil", "--json", check=0).stdout)["results"]
            assert "1, ready 1" in server.cli("status", check=0).stdout
            assert json.loads(server.cli("status", "--json", check=0).stdout)["documents"]["ready"] == 1
            assert "pass  sandbox" in server.cli("doctor", check=0).stdout
            assert {c["check"] for c in json.loads(server.cli("doctor", "--json", check=0).stdout)} >= {"data", "reader", "server"}
            assert "spreadsheet" in server.cli("formats", "--json", check=0).stdout
            assert "document.ready" in server.cli("watch", "--once", check=0).stdout
            server.cli("reread", one, check=0)
            server.wait(one)
            server.cli("delete", one, check=0)
            assert server.cli("show", one).returncode == 66
            for command in ("add", "list", "search", "show", "status", "doctor", "formats", "serve"):
                assert f"larder {command}" in server.cli("help", command, check=0).stdout
                assert command in server.cli("help", check=0).stdout
            assert server.cli("frobnicate").returncode == 64 and server.cli("list", "--frob").returncode == 64
        finally:
            subprocess.run(["rm", "-r", str(folder)], check=True)


def test_memory_stays_flat_while_documents_pass():
    def rss():
        return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{server.process.pid}/status").read())[1])

    with Server() as server:
        body = sample("fryer-manual.pdf")
        for i in range(10):
            server.add(f"warm-{i}.pdf", body + b"\n%%%d" % i)
        before = rss()
        for i in range(10, 40):
            server.add(f"more-{i}.pdf", body + b"\n%%%d" % i)
        grown = rss() - before
        if "asan" in str(server.build):
            return
        assert before < 60 * 1024 + 40 * 1024 and grown < 24 * 1024, (before, grown)
