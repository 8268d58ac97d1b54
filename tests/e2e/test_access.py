# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keys, rights, limits, headers, WebSockets, the audit log, secrets: one test a row of the security table, named after it."""
import contextlib
import hashlib
import http.client
import json
import pathlib
import re
import shutil
import socket
import sqlite3
import struct
import tempfile
import threading
import time

from harness import Reply, Server, WebSocket, fixture, sample, until

KEY = re.compile(r"^larder_[0-9a-f]{12}_[0-9a-f]{48}$")
LEAKS = re.compile(rb"/(tmp|home|usr|var|etc|proc)/|SELECT|INSERT|sqlite|jansson|mupdf|expat|libzip|openssl|\.c:\d|constraint|errno",
                   re.I)


def make_key(server, **wish):
    reply = server.call("POST", "/v1/keys", {"name": "test", **wish})
    assert reply.status == 201, reply.body
    return reply.json


def as_key(server, key, method, path, body=None, headers=None):
    return server.call(method, path, body, {"Authorization": f"Bearer {key}", **(headers or {})})


def audit(server, **query):
    return server.call("GET", "/v1/audit?limit=1000&" + "&".join(f"{k}={v}" for k, v in query.items())).json["rows"]


# ---- keys

def test_a_key_has_a_prefix_an_id_and_a_checksum_and_only_its_hash_is_kept():
    with Server() as server:
        made = make_key(server, role="manager")
        assert KEY.match(made["key"]) and made["key"].split("_")[1] == made["id"], made
        body, check = made["key"][:-8], made["key"][-8:]
        assert hashlib.sha256(body.encode()).hexdigest()[:8] == check
        assert as_key(server, made["key"], "GET", "/v1/documents").status == 200
        wrong = made["key"][:30] + ("0" if made["key"][30] != "0" else "1") + made["key"][31:]
        for bad in (wrong, made["key"][:-1], made["key"] + "0", made["key"].upper(), "larder_" + "0" * 12 + "_" + "0" * 48):
            assert as_key(server, bad, "GET", "/v1/documents").status == 401, bad
        listed = server.call("GET", "/v1/keys")
        assert made["key"].encode() not in listed.body and listed.json["keys"][0]["id"] == made["id"]
        secret = made["key"].split("_")[2].encode()
        digest = hashlib.sha256(made["key"].encode()).hexdigest().encode()
        kept = b"".join(p.read_bytes() for p in server.data.glob("larder.db*"))
        assert secret not in kept and digest in kept and server.key.encode() not in kept
        assert secret.decode() not in server.log_text()


def test_roles_give_rights_and_every_route_names_the_one_it_needs():
    rights = {"viewer": {"read", "search", "ask"}, "contributor": {"read", "search", "ask", "write"},
              "manager": {"read", "search", "ask", "write", "manage", "monitor"},
              "admin": {"read", "search", "ask", "write", "manage", "monitor", "keys", "audit", "admin"}}
    with Server() as server:
        api = server.call("GET", "/v1/openapi.json", key=False).json["paths"]
        routes = [(method.upper(), path, operation["x-right"]) for path, all_of in api.items()
                  for method, operation in all_of.items() if "x-right" in operation]
        needed = {right for *_, right in routes}
        assert {"any", "read", "search", "ask", "write", "manage", "monitor", "keys", "audit"} <= needed, needed
        # What a route gets that declares none; a run of verify declares it.
        assert all(path.startswith("/v1/verify") for _, path, right in routes if right == "admin"), routes
        keys = {role: make_key(server, role=role)["key"] for role in rights}
        for role, have in rights.items():
            session = as_key(server, keys[role], "GET", "/v1/session").json
            assert set(session["rights"]) == have and session["role"] == role, session
            for method, path, right in routes:
                path = re.sub(r"\{(\w+)\}", "1", path)
                body = b"{" if method in ("POST", "PUT", "PATCH") else None
                status = as_key(server, keys[role], method, path, body, {"Content-Type": "application/json"}).status
                allowed = right == "any" or right in have
                assert (status != 403) == allowed, (role, method, path, right, status)


def test_monitoring_needs_its_own_right():
    with Server() as server:
        viewer = make_key(server, role="viewer")["key"]
        monitor = make_key(server, role="viewer", scopes=["monitor"])["key"]
        for path in ("/health", "/v1/status"):
            assert as_key(server, viewer, "GET", path).status == 403
            assert as_key(server, monitor, "GET", path).status == 200
        assert as_key(server, monitor, "GET", "/v1/documents").status == 403
        assert as_key(server, monitor, "POST", "/v1/search", {"query": "x"}).status == 403


def test_scopes_narrow_a_role_and_never_widen_it():
    with Server() as server:
        narrow = make_key(server, role="manager", scopes=["search"])["key"]
        assert as_key(server, narrow, "POST", "/v1/search", {"query": "x"}).status == 200
        assert as_key(server, narrow, "GET", "/v1/documents").status == 403
        for wish in ({"role": "viewer", "scopes": ["write"]}, {"role": "viewer", "scopes": ["frob"]}, {"role": "boss"},
                     {"partitions": ["A B"]}, {"expires_in_days": 0}, {"name": " "}, {"extra": 1}):
            assert server.call("POST", "/v1/keys", {"name": "x", **wish}).status == 400, wish
        keeper = make_key(server, role="admin", scopes=["keys"])["key"]
        assert as_key(server, keeper, "POST", "/v1/keys", {"name": "x", "role": "viewer"}).status == 403
        assert as_key(server, keeper, "POST", "/v1/keys", {"name": "x", "role": "admin", "scopes": ["keys"]}).status == 201


def test_rights_hold_at_retrieval_a_key_sees_its_partitions_only():
    with Server() as server:
        mine = server.add("mine.md", b"# Fryer\n\nDrain the oil slowly.\n", partition="north")
        other = server.add("other.md", b"# Fryer\n\nDrain the oil at once.\n", partition="south")
        page = server.add("page.pdf", sample("fryer-manual.pdf"), partition="south")
        key = make_key(server, role="manager", partitions=["north"])["key"]
        two = make_key(server, role="manager", partitions=["north", "east"])["key"]
        listed = as_key(server, key, "GET", "/v1/documents").json
        assert [d["id"] for d in listed["documents"]] == [mine["id"]] and listed["total"] == 1
        assert as_key(server, two, "GET", "/v1/documents").json["total"] == 1
        assert as_key(server, key, "GET", "/v1/documents?partition=south").status == 403
        found = as_key(server, key, "POST", "/v1/search", {"query": "drain the oil"}).json["results"]
        assert {r["document_id"] for r in found} == {mine["id"]}
        assert as_key(server, key, "POST", "/v1/search", {"query": "oil", "partition": "south"}).status == 403
        assert as_key(server, two, "POST", "/v1/search", {"query": "oil"}).status == 400  # which of the two?
        hidden = as_key(server, key, "POST", "/v1/search", {"query": "oil", "document_ids": [other["id"]]}).json
        assert hidden["results"] == []
        for path in ("", "/elements", "/chunks", "/original", "/pages/1", "/images/image1"):
            assert as_key(server, key, "GET", f"/v1/documents/{page['id']}{path}").status == 404, path
        assert as_key(server, key, "GET", f"/v1/documents/{mine['id']}/original").status == 200
        for method, path in (("DELETE", ""), ("POST", "/reread"), ("POST", "/cancel"), ("POST", "/release")):
            assert as_key(server, key, method, f"/v1/documents/{other['id']}{path}").status == 404, (method, path)
        upload = "/v1/documents?name=x.txt"
        raw = {"Content-Type": "application/octet-stream"}
        assert as_key(server, key, "POST", upload + "&partition=south", b"x\n", raw).status == 403
        taken = as_key(server, key, "POST", upload, b"Wash it.\n", raw)
        assert taken.status == 201 and taken.json["partition"] == "north", taken.body
        asked = as_key(server, key, "POST", "/v1/ask", {"question": "How do I drain the oil?", "extractive": True})
        assert asked.status == 200 and b"at once" not in asked.body, asked.body
        assert as_key(server, key, "POST", "/v1/ask", {"question": "Oil?", "partition": "south"}).status == 403
        theirs = server.call("POST", "/v1/ask", {"question": "Oil?", "partition": "south", "extractive": True}).json
        assert as_key(server, key, "GET", f"/v1/runs/{theirs['run_id']}").status == 404
        assert as_key(server, key, "GET", f"/v1/conversations/{theirs['conversation_id']}").status == 404
        seen = as_key(server, key, "GET", "/v1/events?since=0").json["events"]
        assert seen and {e["data"]["partition"] for e in seen} == {"north"}, seen


def test_events_of_other_partitions_are_not_sent():
    with Server() as server:
        key = make_key(server, partitions=["north"])["key"]
        for since in ("?since=0", ""):
            stream = WebSocket(server, "/v1/events" + since, {"Authorization": f"Bearer {key}"})
            assert stream.status == 101
            server.add(f"s{since[-1:]}.txt", b"south\n" + since.encode(), partition="south")
            mine = server.add(f"n{since[-1:]}.txt", b"north\n" + since.encode(), partition="north")
            while True:
                event = stream.event()
                assert event["data"]["partition"] == "north", event
                if event["kind"] == "document.ready" and event["document_id"] == mine["id"]:
                    break
            stream.close()


def test_keys_expire_are_rotated_and_revoked_and_show_their_last_use():
    with Server() as server:
        made = make_key(server, role="contributor", expires_in_days=1)
        listed = server.call("GET", "/v1/keys").json["keys"][0]
        assert listed["expires_at"] and not listed["expired"] and listed["last_used_at"] is None
        assert as_key(server, made["key"], "GET", "/v1/documents").status == 200
        used = server.call("GET", "/v1/keys").json["keys"][0]
        assert used["last_used_at"] and used["last_used_from"] == "127.0.0.1", used
        cookie = server.call("POST", "/v1/session", {"key": made["key"]}, key=False).headers["set-cookie"].split(";")[0]
        assert server.call("GET", "/v1/documents", headers={"Cookie": cookie}, key=False).status == 200
        second = server.call("POST", f"/v1/keys/{made['id']}/rotate?overlap=6").json["key"]
        assert second != made["key"] and second.split("_")[1] == made["id"]
        assert [as_key(server, k, "GET", "/v1/documents").status for k in (made["key"], second)] == [200, 200]
        assert server.call("GET", "/v1/documents", headers={"Cookie": cookie}, key=False).status == 401
        end = time.monotonic() + 60
        while as_key(server, made["key"], "GET", "/v1/documents").status != 401:
            assert time.monotonic() < end
            time.sleep(0.1)
        assert as_key(server, second, "GET", "/v1/documents").status == 200
        cookie = server.call("POST", "/v1/session", {"key": second}, key=False).headers["set-cookie"].split(";")[0]
        assert server.call("DELETE", f"/v1/keys/{made['id']}").status == 204
        assert as_key(server, second, "GET", "/v1/documents").status == 401
        assert server.call("GET", "/v1/documents", headers={"Cookie": cookie}, key=False).status == 401
        assert server.call("DELETE", f"/v1/keys/{made['id']}").status == 404


def test_an_expired_key_opens_nothing_and_keys_outlive_a_restart():
    server = Server().start()
    try:
        made = make_key(server, expires_in_days=1)
        kept = make_key(server)
        assert server.stop() == 0
        with contextlib.closing(sqlite3.connect(server.data / "larder.db")) as db:
            db.execute("UPDATE api_keys SET expires_ms = 1000 WHERE id = ?", (made["id"],))
            db.commit()
        server.start()
        assert as_key(server, made["key"], "GET", "/v1/documents").status == 401
        assert as_key(server, kept["key"], "GET", "/v1/documents").status == 200
    finally:
        server.__exit__(None, None, None)


def test_a_key_that_gives_keys_reaches_no_key_beyond_its_own_partitions_or_time():
    """Who rotates a key gets its new text: so a key's text is only for those whose own key opens as much, and as long."""
    with Server() as server:
        north = make_key(server, role="admin", partitions=["north"], expires_in_days=3)["key"]
        everywhere = make_key(server, role="viewer")["id"]
        east = make_key(server, role="viewer", partitions=["north", "east"])["id"]
        longer = make_key(server, role="viewer", partitions=["north"])["id"]
        own = make_key(server, role="viewer", partitions=["north"], expires_in_days=2)["id"]
        for other in (everywhere, east):
            assert as_key(server, north, "POST", f"/v1/keys/{other}/rotate").status == 403, other
            assert as_key(server, north, "DELETE", f"/v1/keys/{other}").status == 403, other
        assert as_key(server, north, "POST", f"/v1/keys/{longer}/rotate").status == 403
        for days, status in ((None, 403), (4, 403), (2, 201)):
            wish = {"name": "n", "role": "viewer", "partitions": ["north"], "expires_in_days": days}
            assert as_key(server, north, "POST", "/v1/keys", wish).status == status, days
        assert as_key(server, north, "POST", f"/v1/keys/{own}/rotate").status == 200
        assert as_key(server, north, "DELETE", f"/v1/keys/{longer}").status == 204


def test_the_command_line_makes_lists_rotates_and_revokes_keys():
    with Server() as server:
        key = server.cli("keys", "create", "--name", "Grill", "--role", "contributor", "--partitions", "north,south", check=0).stdout
        assert KEY.match(key.strip()), key
        listed = server.cli("keys", "list", check=0).stdout
        one = key.split("_")[1]
        assert one in listed and "contributor" in listed and "north,south" in listed and "Grill" in listed
        again = server.cli("keys", "rotate", one, "--overlap", "0", check=0).stdout.strip()
        assert as_key(server, key.strip(), "GET", "/v1/documents").status == 401
        assert as_key(server, again, "GET", "/v1/documents").status == 200
        server.cli("keys", "revoke", one, check=0)
        assert as_key(server, again, "GET", "/v1/documents").status == 401
        assert server.cli("keys", "create").returncode == 64 and server.cli("keys", "revoke", one).returncode == 66


# ---- limits

def test_rate_limits_hold_in_the_default_configuration():
    with Server() as server:
        statuses = [server.call("POST", "/v1/session", {"key": "wrong"}, key=False) for _ in range(8)]
        assert [r.status for r in statuses] == [401] * 5 + [429] * 3, [r.status for r in statuses]
        assert 1 <= int(statuses[-1].headers["retry-after"]) <= 10 and statuses[-1].json["detail"]
        late = server.call("POST", "/v1/session", {"key": server.key}, key=False)
        assert late.status == 429  # the right key waits too, or guessing would not be slowed
        wrong = [as_key(server, f"wrong-{i}", "GET", "/v1/documents").status for i in range(40)]
        assert wrong[:20] == [401] * 20 and wrong[-1] == 429, wrong
        assert server.call("GET", "/v1/documents").status == 200  # a key that can't be guessed is not held back


def test_rate_limits_by_key_and_by_address_have_a_retry_after():
    with Server({"access_key_rate": 1, "access_address_rate": 3}) as server:
        for name in ("key_rate", "address_rate"):  # by default there is a limit, too
            assert re.search(rf"\[access\] {name} .*\(\d+\)", server.cli("help", "settings").stdout), name
        one, two = make_key(server)["key"], make_key(server)["key"]
        got = [as_key(server, one, "GET", "/v1/formats") for _ in range(14)]
        assert [r.status for r in got[:10]] == [200] * 10 and got[-1].status == 429, [r.status for r in got]
        assert int(got[-1].headers["retry-after"]) >= 1
        assert as_key(server, two, "GET", "/v1/formats").status == 200
        everything = [as_key(server, two, "GET", "/v1/formats").status for _ in range(3)] + \
                     [server.call("GET", "/v1/formats", key=False).status for _ in range(30)]
        assert everything[-1] == 429 and 401 in everything, everything


def test_5_2_4_quotas_of_bytes_and_documents_by_key():
    with Server() as server:
        raw = {"Content-Type": "application/octet-stream"}
        few = make_key(server, role="contributor", quota_documents=2)["key"]
        small = make_key(server, role="contributor", quota_bytes=1000)["key"]
        got = [as_key(server, few, "POST", f"/v1/documents?name={i}.txt", b"text %d\n" % i, raw) for i in range(3)]
        assert [r.status for r in got] == [201, 201, 429] and int(got[2].headers["retry-after"]) > 0
        assert as_key(server, small, "POST", "/v1/documents?name=a.txt", b"a" * 600, raw).status == 201
        assert as_key(server, small, "POST", "/v1/documents?name=b.txt", b"b" * 600, raw).status == 429
        assert as_key(server, small, "POST", "/v1/documents?name=c.txt", b"c" * 300, raw).status == 201
        assert server.upload("d.txt", b"d" * 600).status == 201


# ---- browsers

def test_cors_only_for_the_listed_origins_and_never_with_cookies():
    page = "https://kitchen.example"
    with Server({"access_origins": page}) as server:
        allowed = server.call("GET", "/v1/documents", headers={"Origin": page})
        assert allowed.status == 200 and allowed.headers["access-control-allow-origin"] == page
        assert "access-control-allow-credentials" not in allowed.headers and "Origin" in allowed.headers["vary"]
        asked = server.call("OPTIONS", "/v1/search", headers={"Origin": page, "Access-Control-Request-Method": "POST",
                                                              "Access-Control-Request-Headers": "authorization"}, key=False)
        assert asked.status == 204 and "Authorization" in asked.headers["access-control-allow-headers"], asked.headers
        for other in ("https://evil.example", page + ".evil.example", "null"):
            assert "access-control-allow-origin" not in server.call("GET", "/v1/documents", headers={"Origin": other}).headers
        refused = server.call("GET", "/v1/documents", headers={"Origin": page}, key=False)
        assert refused.status == 401 and refused.headers["access-control-allow-origin"] == page  # the page may read why
        cookie = server.call("POST", "/v1/session", {"key": server.key}, key=False).headers["set-cookie"].split(";")[0]
        assert server.call("POST", "/v1/search", {"query": "x"}, {"Cookie": cookie, "Origin": page}, key=False).status == 403
    with Server() as server:
        assert "access-control-allow-origin" not in server.call("GET", "/v1/documents", headers={"Origin": page}).headers


def test_csrf_writes_by_cookie_come_from_our_own_page():
    with Server() as server:
        cookie = {"Cookie": server.call("POST", "/v1/session", {"key": server.key}, key=False).headers["set-cookie"].split(";")[0]}
        own = f"http://127.0.0.1:{server.port}"
        tries = [({}, 403), ({"Origin": own}, 200), ({"Origin": "http://evil.example"}, 403), ({"Origin": "null"}, 403),
                 ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Sec-Fetch-Site": "same-site"}, 403),
                 ({"Sec-Fetch-Site": "same-origin"}, 200), ({"X-Larder-Client": "1"}, 200),
                 ({"X-Larder-Client": "1", "Origin": "http://evil.example"}, 403)]
        for headers, status in tries:
            got = server.call("POST", "/v1/search", {"query": "x"}, {**cookie, **headers}, key=False)
            assert got.status == status, (headers, got.status, got.body)
        assert server.call("POST", "/v1/documents?name=a.txt", b"x", cookie, key=False).status == 403
        assert not list((server.data / "spool").iterdir())


def test_headers_of_every_answer():
    with Server() as server:
        document = server.add("a.html", b"<h1>Oven</h1><script>alert(1)</script>")
        for path in ("/", "/v1/documents", "/v1/nothing", "/livez", f"/v1/documents/{document['id']}/original"):
            headers = server.call("GET", path).headers
            assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY", path
            assert headers["referrer-policy"] == "no-referrer" and "default-src 'none'" in headers["content-security-policy"]
            assert headers["cross-origin-opener-policy"] == "same-origin" and "camera=()" in headers["permissions-policy"]
            assert "server" not in headers and "strict-transport-security" not in headers
        original = server.call("GET", f"/v1/documents/{document['id']}/original").headers
        assert original["content-disposition"].startswith("attachment") and "sandbox" in original["content-security-policy"]


# ---- WebSockets

class Socket(WebSocket):
    def text(self, payload):
        self.socket.sendall(frame(1, payload))

    def closed(self):
        """The code and reason with which the server closes."""
        while True:
            opcode, payload = self._frame()
            if opcode == 8:
                return struct.unpack(">H", payload[:2])[0], payload[2:].decode()


def frame(opcode, payload):
    size = len(payload)
    head = bytes([0x80 | opcode]) + (bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack(">H", size) if size < 65536
                                     else b"\xff" + struct.pack(">Q", size))
    return head + b"\0\0\0\0" + payload


def test_websocket_origin_list():
    with Server({"access_origins": "https://kitchen.example"}) as server:
        own = f"http://127.0.0.1:{server.port}"
        for origin, status in ((None, 101), (own, 101), ("https://kitchen.example", 101), ("https://evil.example", 403), ("null", 403)):
            got = WebSocket(server, "/v1/events", {"Origin": origin}).status
            assert got == status, (origin, got)


def test_websocket_auth_within_ten_seconds():
    later = {"Authorization": None, "Sec-WebSocket-Protocol": "larder.events, larder.key"}
    with Server() as server:
        good = Socket(server, "/v1/events?since=0", later)
        assert good.status == 101
        silent, started = Socket(server, "/v1/events?since=0", later), time.monotonic()
        server.add("a.txt", b"first\n")
        good.socket.settimeout(0.5)
        with contextlib.suppress(TimeoutError):
            raise AssertionError(f"an event without a key: {good.event()}")
        good.socket.settimeout(30)
        good.text(json.dumps({"key": server.key}).encode())
        assert good.event()["seq"] == 1
        for message in (b'{"key": "wrong"}', b"{", b"[]", b"{}"):
            bad = Socket(server, "/v1/events?since=0", later)
            bad.text(message)
            assert bad.closed()[0] == 1008, message
        monitor = Socket(server, "/v1/events", later)
        monitor.text(json.dumps({"key": make_key(server, scopes=["monitor"])["key"]}).encode())
        assert monitor.closed()[0] == 1008
        code, why = silent.closed()
        assert code == 1008 and "10 seconds" in why and 8 < time.monotonic() - started < 45, (code, why)


def test_websocket_message_caps():
    with Server() as server:
        stream = Socket(server, "/v1/events")
        stream.socket.sendall(frame(1, b"x" * 65536))
        stream.text(b"more")
        stream.socket.sendall(frame(1, b"x" * 65537)[:64])
        code, why = stream.closed()
        assert code == 1009 and "64 KiB" in why, (code, why)


# websocket_slow_consumer_is_closed_with_a_reason stands in tests/unit/http/test_stream.c

def test_websocket_of_a_revoked_key_gets_nothing_more():
    with Server() as server:
        made = make_key(server)
        stream = Socket(server, "/v1/events?since=0", {"Authorization": f"Bearer {made['key']}"})
        server.add("a.txt", b"first\n")
        assert stream.event()["seq"] == 1
        assert server.call("DELETE", f"/v1/keys/{made['id']}").status == 204
        server.add("b.txt", b"second\n")
        names = set()
        stream.socket.settimeout(25)
        try:
            while True:
                names.add(stream.event()["data"]["name"])
        except EOFError:
            pass  # closed with the next ping
        assert names <= {"a.txt"}, names


# ---- the network

def test_plain_http_stays_on_this_machine_unless_told_otherwise():
    for listen in ("0.0.0.0:0", "192.0.2.7:0", "[::]:0"):
        server = Server()
        server.data.mkdir(exist_ok=True)
        done = server.cli("serve", "--data", server.data, "--listen", listen)
        assert done.returncode == 64 and "access.network" in done.stderr and "TLS" in done.stderr, (listen, done)
        shutil.rmtree(server.data)


def test_only_trusted_proxies_are_believed():
    passed_on = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    with Server() as server:  # nobody is trusted
        reply = server.call("GET", "/v1/nothing", headers=passed_on)
        assert "strict-transport-security" not in reply.headers
        assert server.call("GET", "/v1/documents", headers=passed_on, key=False).status == 401
        assert audit(server, outcome="refused")[0]["address"] == "127.0.0.1"
    with Server({"access_trusted_proxies": "127.0.0.1 10.0.0.0/8"}) as server:
        assert "max-age" in server.call("GET", "/livez", headers=passed_on).headers["strict-transport-security"]
        chain = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9, 10.1.2.3"}
        assert server.call("GET", "/v1/documents", headers=chain, key=False).status == 401
        assert audit(server, outcome="refused")[0]["address"] == "203.0.113.9"
        cookie = server.call("POST", "/v1/session", {"key": server.key}, passed_on, key=False).headers["set-cookie"]
        assert "; Secure" in cookie
        assert "; Secure" not in server.call("POST", "/v1/session", {"key": server.key}, key=False).headers["set-cookie"]
    with Server({"access_loopback": "open"}, key=False) as server:  # a proxy nobody thought of makes no stranger local
        assert server.call("GET", "/v1/documents").status == 200
        assert server.call("GET", "/v1/documents", headers={"X-Forwarded-For": "127.0.0.1"}).status == 401


# ---- the audit log

def test_audit_rows_for_every_act_and_every_refusal():
    with Server() as server:
        made = make_key(server, role="viewer")
        document = server.add("a.txt", b"first\n")
        server.upload("bad.pdf", b"no pdf")
        one = f"/v1/documents/{document['id']}"
        server.call("PATCH", one + "/metadata", {"metadata": {"a": 1}})
        server.call("POST", one + "/reread")
        server.wait(document["id"])
        as_key(server, made["key"], "DELETE", one)
        server.call("GET", one, key=False)
        server.call("DELETE", one)
        server.call("POST", "/v1/ask", {"question": "What?", "extractive": True})
        server.call("POST", f"/v1/keys/{made['id']}/rotate")
        server.call("DELETE", f"/v1/keys/{made['id']}")
        server.call("POST", "/v1/session", {"key": "wrong"}, key=False)
        server.call("POST", "/v1/session", {"key": server.key}, key=False)
        rows = audit(server, since=0)
        said = [(r["who"], r["act"], r["outcome"], r["status"]) for r in rows]
        viewer = f"key:{made['id']}"
        for row in (("admin", "createKey", "done", 0), ("admin", "createDocument", "done", 0),
                    ("admin", "createDocument", "refused", 422), ("admin", "patchMetadata", "done", 0),
                    ("admin", "rereadDocument", "done", 0), (viewer, "deleteDocument", "refused", 403),
                    ("nobody", "getDocument", "refused", 401), ("admin", "deleteDocument", "done", 0), ("admin", "ask", "done", 0),
                    ("admin", "rotateKey", "done", 0), ("admin", "revokeKey", "done", 0), ("nobody", "createSession", "refused", 401),
                    ("admin", "createSession", "done", 204)):
            assert said.count(row) == 1, (row, said)
        created = next(r for r in rows if r["act"] == "createDocument")
        assert created["subject"] == document["id"] and created["address"] == "127.0.0.1" and len(created["request_id"]) == 36
        assert next(r for r in rows if r["act"] == "createKey")["subject"] == made["id"]
        assert [r["seq"] for r in rows] == list(range(1, len(rows) + 1))
        before = "0" * 64
        for r in rows:  # as anybody can check it
            text = json.dumps([r[k] for k in ("seq", "time_ms", "who", "act", "subject", "outcome", "status", "address", "request_id",
                                              "detail")], separators=(",", ":"), ensure_ascii=False)
            assert r["before"] == before and r["hash"] == hashlib.sha256((before + text).encode()).hexdigest(), r
            before = r["hash"]


def test_audit_verify_names_the_first_bad_row():
    server = Server().start()
    copy = tempfile.mkdtemp(prefix="larder-e2e-")
    try:
        for i in range(6):
            server.upload(f"{i}.txt", b"text %d\n" % i)
        assert "holds: 6 rows" in server.cli("audit", "verify", check=0).stdout
        listed = server.cli("audit", "list", check=0).stdout
        assert listed.count("createDocument") == 6
        exported = [json.loads(line) for line in server.cli("audit", "export", check=0).stdout.splitlines()]
        assert [r["seq"] for r in exported][:6] == [1, 2, 3, 4, 5, 6]
        assert server.stop() == 0
        seq, digest = re.findall(r"audit\.head seq=(\d+) hash=([0-9a-f]{64})", server.log_text())[-1]
        edits = {"row": ("UPDATE audit SET who = 'somebody' WHERE seq = 3", 3), "missing": ("DELETE FROM audit WHERE seq = 4", 4),
                 "hash": (f"UPDATE audit SET hash = '{'0' * 64}' WHERE seq = 2", 2), "nothing": (None, 0),
                 "end": (f"DELETE FROM audit WHERE seq = {seq}", int(seq))}
        for name, (sql, bad) in edits.items():
            folder = f"{copy}/{name}"
            shutil.copytree(server.data, folder)
            if sql:
                with contextlib.closing(sqlite3.connect(f"{folder}/larder.db")) as db:
                    refused = False
                    try:
                        db.execute(sql)
                    except sqlite3.DatabaseError:
                        refused = True  # the tables themselves refuse it
                    assert refused, name
                    db.execute("DROP TRIGGER audit_stays")
                    db.execute("DROP TRIGGER audit_is_kept")
                    db.execute(sql)
                    db.commit()
            done = server.cli("audit", "verify", "--folder", folder, "--anchor", f"{seq}:{digest}")
            if bad:
                assert done.returncode == 65 and f"at row {bad}:" in done.stdout, (name, done)
            else:
                assert done.returncode == 0, (name, done)
        assert server.cli("audit", "verify", "--folder", f"{copy}/end", check=0)  # only the anchor tells that the end is gone
    finally:
        shutil.rmtree(copy)
        server.__exit__(None, None, None)


def test_refusals_cannot_fill_the_audit_log():
    with Server() as server:
        for _ in range(300):
            assert server.call("GET", "/v1/documents", key=False).status == 401
        assert 100 <= len(audit(server, outcome="refused")) <= 200
        time.sleep(3)
        server.call("GET", "/v1/documents", key=False)
        assert "more rows like this" in audit(server, outcome="refused")[0]["detail"]


# ---- secrets

def test_secrets_are_not_in_argv_logs_or_core_dumps():
    with Server() as server:
        made = make_key(server, role="admin")
        server.call("POST", "/v1/session", {"key": made["key"]}, key=False)
        as_key(server, made["key"] + "x", "GET", "/v1/documents")
        cookie = server.call("POST", "/v1/session", {"key": server.key}, key=False).headers["set-cookie"].split(";")[0].split("=")[1]
        arguments = open(f"/proc/{server.process.pid}/cmdline", "rb").read()
        log = server.log_text()
        for secret in (server.key, made["key"], made["key"].split("_")[2][:40], cookie):
            assert secret not in log and secret.encode() not in arguments
        for part in ("session.secret", "run/server.json", "larder.db"):
            assert (server.data / part).stat().st_mode & 0o077 == 0, part
        # a process that may not be dumped belongs to root there
        import os
        if os.getuid() != 0:
            assert os.stat(f"/proc/{server.process.pid}/environ").st_uid == 0
        assert "PR_SET_DUMPABLE" in (server.build.parent / "src/cli/serve.c").read_text()


def test_a_key_given_as_an_argument_is_wiped_from_it():
    import subprocess
    with Server() as server:
        watch = subprocess.Popen([server.build / "larder", "watch", "--url", f"http://127.0.0.1:{server.port}", "--key", server.key],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            line = pathlib.Path(f"/proc/{watch.pid}/cmdline")
            until(lambda: b"watch" in (seen := line.read_bytes()) and server.key.encode() not in seen, "the key is wiped", 60)
            time.sleep(0.5)
            assert watch.poll() is None
        finally:
            watch.kill()
            watch.wait()


def test_the_key_of_the_run_file_goes_to_its_own_server_only():
    with Server() as server, socket.create_server(("127.0.0.1", 0)) as other:
        server.cli("status", "--url", f"http://127.0.0.1:{server.port}/", check=0)
        heard = []

        def hear():
            connection, _ = other.accept()
            with connection:
                heard.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

        thread = threading.Thread(target=hear)
        thread.start()
        server.cli("status", "--url", f"http://127.0.0.1:{other.getsockname()[1]}")
        thread.join()
        assert heard[0].startswith(b"GET ") and b"authorization" not in heard[0].lower(), heard


def test_addresses_and_keys_are_held_whole_or_refused():
    def refused(words, *args, **more):
        answer = server.cli(*args, **more)
        assert answer.returncode != 0 and words in answer.stderr, (args, answer.returncode, answer.stderr)

    with Server() as server, tempfile.NamedTemporaryFile("w", suffix=".key") as key_file:
        here = f"http://127.0.0.1:{server.port}"
        server.cli("status", "--url", here + "/" * 300, check=0)
        refused("There is nothing at this address.", "status", "--url", here + "/" + "p." * 150, "--key", server.key)
        for command in (("status",), ("verify",), ("mcp",), ("add", __file__)):
            refused("The address of the server is longer than 2047 bytes.", *command, "--url", here + "/p" * 1100)
            refused("The key is longer than 511 bytes.", *command, "--key", server.key + "k" * 600)
        key_file.write(server.key + "k" * 600)
        key_file.flush()
        refused("The key is longer than 511 bytes.", "status", "--url", here + "/x", env={"LARDER_ADMIN_KEY_FILE": key_file.name})
        refused("The name of the partition is too long.", "mcp", "--partition", "p" * 2000)


def test_the_command_line_says_in_its_own_words_why_nobody_answered():
    with Server() as server, socket.create_server(("127.0.0.1", 0)) as closes:
        threading.Thread(target=lambda: closes.accept()[0].close(), daemon=True).start()
        for url, words in ((f"http://127.0.0.1:{closes.getsockname()[1]}", "the connection broke"),
                           ("http://127.0.0.1:1", "nobody answers there"),
                           ("ftp://127.0.0.1", "that is no address of the web")):
            answer = server.cli("status", "--url", url)
            assert answer.returncode != 0 and f"No answer from {url} ({words})." in answer.stderr, answer.stderr


# ---- errors

def test_every_error_is_told_without_our_insides():
    bodies = [b"", b"{", b"[]", b'"x"', b"{}", b'{"query": 1}', b'{"query": "' + b"x" * 3000 + b'"}', b'{"a":' * 40 + b"1" + b"}" * 40,
              b'{"question": "\\u0000"}', b"\xff\xfe", b'{"name": "x", "role": "\'; DROP TABLE api_keys"}', b'{"metadata": []}']
    ids = ["1", "0" * 36, "01234567-89ab-7cde-8f01-23456789abcd", "%27%22%3B", "..%2f..%2fetc%2fpasswd", "x" * 2000]
    queries = ["", "?limit=x", "?limit=-1", "?limit=99999999999999999999", "?after=%27", "?since=x", "?width=1", "?mode=frob",
               "?partition=..%2F", "?seq=x", "?hash=1", "?order=name;drop", "?status=frob", "?before=0", "?overlap=-1"]
    seen = {}

    def look(what, reply):
        seen[reply.status] = seen.get(reply.status, 0) + 1
        assert reply.status < 500 or reply.status in (501, 503), (what, reply.status, reply.body)
        if reply.status >= 400:
            assert not LEAKS.search(reply.body), (what, reply.body)
            foreign = ("/mcp", "/v1/chat", "/v1/models")  # whose errors have the shape of their own protocol
            assert str(what[1]).startswith(foreign) or reply.json["title"] and reply.json["type"], (what, reply.body)

    with Server({"access_key_rate": 100000, "access_address_rate": 100000}) as server:
        server.add("a.txt", b"first\n")
        for path, operations in server.call("GET", "/v1/openapi.json").json["paths"].items():
            for method in operations:
                for one in ids if "{" in path else ids[:1]:
                    at = re.sub(r"\{\w+\}", one, path)
                    if method in ("post", "put", "patch"):
                        for body in bodies:
                            look((method, at, body[:40]), server.call(method.upper(), at, body, {"Content-Type": "application/json"}))
                    elif not (path == "/v1/events" and method == "get"):
                        for query in queries:
                            look((method, at, query), server.call(method.upper(), at + query))
        for query in queries:
            look(query, server.call("GET", "/v1/events" + query))
        for method, path in (("PUT", "/v1/documents"), ("GET", "/v1/nothing"), ("BREW", "/v1/documents"), ("GET", "/v1/%zz"),
                             ("GET", "/" + "a/" * 100), ("TRACE", "/")):
            look((method, path), server.call(method, path))
        for name in ("truncated.docx", "noise.pdf", "malformed-xml.docx", "encrypted.xlsx"):
            look(name, server.upload(name, fixture("hostile/" + name)))
        look("cookie", server.call("GET", "/v1/documents", headers={"Cookie": "larder_session=" + "1." * 50}, key=False))
        raw = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        raw.putrequest("GET", "/v1/documents", skip_host=True)
        raw.endheaders()
        reply = raw.getresponse()
        look("no host", Reply(reply.status, {}, reply.read()))
    assert {400, 401, 404, 405, 422} <= set(seen), seen


def test_reads_have_audit_rows_as_the_setting_says():
    for reads, wanted in (("none", []), ("originals", ["getOriginal"]), ("all", ["getDocument", "getOriginal", "search"])):
        with Server({"audit_reads": reads, "watch_canary": "off"}) as server:
            document = server.add("secret-recipe.txt", b"The fryer is drained on Monday.\n")
            path = f"/v1/documents/{document['id']}"
            before = server.call("GET", "/v1/audit").json["rows"][0]["seq"]
            assert server.call("GET", f"{path}/original").status == 200
            assert server.call("GET", f"{path}/original", headers={"Range": "bytes=5-9"}).status == 206  # a piece of the same
            server.call("GET", path)
            server.call("GET", "/v1/documents")
            server.search("fryer recipe")
            question = server.call("POST", "/v1/ask", {"question": "When is the fryer drained?"})
            assert question.status == 200
            rows = server.call("GET", f"/v1/audit?since={before}").json["rows"]
            acts = sorted(r["act"] for r in rows if r["act"] not in ("listAudit", "ask"))
            assert acts == wanted, (reads, acts)
            assert [r["act"] for r in rows].count("ask") == 1  # always
            assert all(r["who"] == "admin" and r["outcome"] == "done" for r in rows)
            assert "drained" not in str(rows) and "fryer" not in str(rows)
            assert server.call("GET", "/v1/audit/verify").json["holds"]
