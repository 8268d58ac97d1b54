# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rows of the security table that stand nowhere else as an end-to-end test; each is named after its row. The others are in
test_access (keys, roles, rates, quotas, headers, origins, WebSocket, audit, secrets), test_slow, test_contract and test_model."""
import contextlib
import re
import signal
import socket
import threading
import time

from harness import ROOT, Server, Skip, WebSocket, until

LARGE = 1 << 20


def raw(server, text, seconds=5):
    """All that the server says to these bytes until it closes or, once it has begun, is silent for the seconds."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as one:
        one.sendall(text)
        said = b""
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while more := one.recv(65536):
                said += more
                one.settimeout(seconds)
        return said


def test_5_2_1_size_is_checked_by_announcement_while_streaming_and_at_the_end():
    with Server({"limits_txt": "64KiB"}) as server:
        head = (f"POST /v1/documents?name=a.txt HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key}\r\n"
                "Content-Type: application/octet-stream\r\n").encode()
        announced = raw(server, head + b"Content-Length: 99999999\r\n\r\n", 2)  # not one byte of it came
        assert b" 422 " in announced.split(b"\r\n")[0] and b"too_large" in announced, announced[:300]
        chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
        streamed = raw(server, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 5, 2)  # and no end
        assert b" 422 " in streamed.split(b"\r\n")[0] and b"too_large" in streamed, streamed[:300]
        fits = raw(server, head + b"Transfer-Encoding: chunked\r\n\r\n" + b"4\r\nword\r\n0\r\n\r\n", 2)
        assert b" 201 " in fits.split(b"\r\n")[0], fits[:300]
        assert server.call("GET", "/v1/documents").json["total"] == 1
        assert not list((server.data / "spool").iterdir())


def test_temp_files_are_made_only_after_the_key_and_are_reaped_after_a_crash():
    server = Server()
    spool = server.data / "spool"
    with contextlib.ExitStack() as held, server:
        for key, status in (("", b" 401 "), ("Authorization: Bearer wrong\r\n", b" 401 ")):
            one = held.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=5))
            one.sendall(f"POST /v1/documents?name=a.txt HTTP/1.1\r\nHost: x\r\n{key}Content-Length: {LARGE}\r\n\r\n".encode())
            assert status in one.recv(4096)
            assert not list(spool.iterdir())
        one = held.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=5))
        one.sendall(f"POST /v1/documents?name=a.txt HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key}\r\n"
                    f"Content-Type: application/octet-stream\r\nContent-Length: {LARGE}\r\n\r\n".encode() + b"x" * 300000)
        left = until(lambda: [path for path in spool.iterdir() if path.stat().st_size], "the upload begins", 60)
        assert left[0].stat().st_mode & 0o777 == 0o600 and re.fullmatch(r"[0-9a-f]{32}\.part", left[0].name)
        server.stop(signal.SIGKILL)
        assert list(spool.iterdir())
        server.start()
        assert not list(spool.iterdir())


def test_downloads_have_a_safe_name_and_cannot_be_run():
    names = ['quote".txt', "semi;colon.txt", "back\\slash.txt", "new\nline.txt", "umlaut \u00e4.txt", "\u202etxt.exe.txt", "a" * 240 + ".txt"]
    with Server() as server:
        for number, name in enumerate(names):
            reply = server.upload(name, f"The kitchen log number {number}.".encode())
            if reply.status == 422:
                continue  # refused by its name
            headers = server.call("GET", f"/v1/documents/{reply.json['id']}/original").headers
            disposition = headers["content-disposition"]
            assert re.fullmatch(r"attachment; filename=\"[ !#-\[\]-~]*\"(; filename\*=UTF-8''[A-Za-z0-9!#$&+.^_`|~%-]+)?", disposition), disposition
            assert "/" not in disposition and headers["x-content-type-options"] == "nosniff"
            assert "sandbox" in headers["content-security-policy"]


def test_request_smuggling_is_refused_and_the_second_request_is_not_answered():
    with Server() as server:
        inner = f"GET /v1/session HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key}\r\n\r\n"
        post = f"POST /v1/search HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key}\r\nContent-Type: application/json\r\n"
        for framing in ("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "Content-Length: 0\r\nContent-Length: 9\r\n\r\n",
                        "Transfer-Encoding: xchunked\r\n\r\n", "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
                        "Transfer-Encoding:\n chunked\r\n\r\n0\r\n\r\n", "Content-Length: +2\r\n\r\n{}",
                        "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n", "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"):
            said = raw(server, (post + framing + inner).encode(), 2)
            assert said.count(b"HTTP/1.1 ") == 1 and re.match(rb"HTTP/1\.1 (400|501) ", said), (framing, said[:200])


def test_problems_have_the_shape_of_rfc_9457():
    with Server() as server:
        for method, path, body, key in (("GET", "/v1/documents", None, False), ("GET", "/v1/documents/nothing", None, True),
                                        ("POST", "/v1/search", {"query": 1}, True), ("PUT", "/v1/documents", None, True),
                                        ("POST", "/v1/documents?name=a.exe", None, True), ("GET", "/v1/nothing", None, True)):
            reply = server.call(method, path, body, key=key)
            assert reply.headers["content-type"] == "application/problem+json", (path, reply.headers)
            problem = reply.json
            assert problem["status"] == reply.status and problem["title"] and problem["type"].startswith("urn:"), problem
            assert problem["request_id"] == reply.headers["x-request-id"], problem


def test_keys_are_compared_in_constant_time():
    """What is compared is looked at: every comparison of a digest, MAC or token in the code that lets people in is libcrypto's."""
    for name in ("keyring.c", "access.c", "session.c"):
        text = (ROOT / "src" / "api" / name).read_text(encoding="utf-8")
        for call in re.findall(r"(?<!CRYPTO_)\b(?:memcmp|strcmp|slice_equal|slice_is)\([^;]*;", text):
            assert not re.search(r"digest|secret|token|\bmac\b", call), (name, call)
    keyring = (ROOT / "src" / "api" / "keyring.c").read_text(encoding="utf-8")
    assert len(re.findall(r"CRYPTO_memcmp\(digest", keyring)) == 2  # the key and the one before it, both always


def test_websocket_slow_consumer_is_closed_and_others_have_all_events():
    with Server({"access_key_rate": 100000, "access_address_rate": 100000}) as server:
        name = "a" * 240 + ".txt"  # so that an event has half a kilobyte
        one = server.add(name, b"first\n")["id"]
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        slow.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        slow.connect(("127.0.0.1", server.port))
        slow.sendall((f"GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode())
        good, seen = WebSocket(server, "/v1/events"), []

        def listen():
            with contextlib.suppress(OSError, EOFError):
                while True:
                    seen.append(good.event()["seq"])

        def change(part):
            for number in range(500):
                server.call("PATCH", f"/v1/documents/{one}/metadata", {"metadata": {"part": part, "number": number}})

        threading.Thread(target=listen, daemon=True).start()
        closed = 0
        for _ in range(3):
            writers = [threading.Thread(target=change, args=(part,)) for part in range(6)]
            for writer in writers:
                writer.start()
            for writer in writers:
                writer.join()
            text = server.call("GET", "/metrics").body.decode()
            closed = sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith("larder_streams_slow_closed_total"))
            if closed:
                break
        assert closed == 1, closed
        last = server.call("GET", "/v1/events?since=0&limit=1").json["last"]
        until(lambda: seen and seen[-1] >= last, "all events", 60)
        assert seen == list(range(seen[0], last + 1)), (seen[0], len(seen), last)
        slow.close()
        good.close()


def test_limits_connections_of_one_address_are_bounded():
    """Clients of a trusted proxy here, told apart by what it says; tests/unit/http/test_address.c has those that come directly."""
    first, second = ({"X-Forwarded-For": address} for address in ("203.0.113.7", "203.0.113.8"))
    with Server({"server_connections_per_address": 4, "access_trusted_proxies": "127.0.0.1"}) as server, contextlib.ExitStack() as held:
        mine = [WebSocket(server, "/v1/events", first) for _ in range(6)]
        for one in mine:
            held.callback(one.close)
        assert [one.status for one in mine] == [101] * 4 + [429] * 2
        refused = server.call("GET", "/v1/documents", headers=first)
        assert refused.status == 429 and int(refused.headers["retry-after"]) > 0, refused.headers
        assert "from this address" in refused.json["detail"], refused.json
        assert server.call("GET", "/v1/documents", headers=second).status == 200  # everybody else
        assert server.call("GET", "/v1/documents").status == 200
        assert server.call("GET", "/v1/status").json["connections"]["refused_address"] == 3
        until(lambda: b"larder_http_address_refused_total 3" in server.call("GET", "/metrics").body, "the refusals are counted", 60)
        assert server.log_text().count("http.address_crowded") == 1
        mine[0].close()
        until(lambda: server.call("GET", "/v1/documents", headers=first).status == 200, "the place that became free is given", 60)


def places_in_memory(pid, secret):
    """Where in what the process may write these bytes stand."""
    found = []
    try:
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for line in maps:
                span = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
                if span:
                    start, end = (int(edge, 16) for edge in span.groups())
                    with contextlib.suppress(OSError):
                        memory.seek(start)
                        if secret in memory.read(end - start):
                            found.append(line.strip())
    except PermissionError:
        raise Skip("the memory of a process that may not be dumped can be read by root only") from None
    return found


def test_secrets_are_wiped_from_memory_after_use():
    if "asan" in str(Server.build):
        raise Skip("the sanitizer's memory has terabytes, and stacks that the plain build does not have")
    with Server() as server:
        pid = server.process.pid
        made = server.call("POST", "/v1/keys", {"name": "grill", "role": "viewer"}).json["key"]
        body = {"key": made}
        for _ in range(3):
            assert server.call("GET", "/v1/documents", headers={"Authorization": f"Bearer {made}"}).status == 200
        cookie = server.call("POST", "/v1/session", body, key=False).headers["set-cookie"].split(";")[0].split("=")[1]
        assert server.call("GET", "/v1/documents", headers={"Cookie": f"larder_session={cookie}"}, key=False).status == 200
        assert server.call("GET", "/v1/documents").status == 200
        time.sleep(0.3)
        assert places_in_memory(pid, b"larder-e2e-"), "the data folder's name is in its memory, so the search does not see"
        for what, secret in (("a key", made.split("_")[2]), ("a session", cookie[-40:]), ("the admin key", server.key)):
            assert not places_in_memory(pid, secret.encode()), what


def test_5_4_pictures_that_are_shown_do_not_tell_where_they_were_taken():
    """The original is a download of its own and stays as it came; its finding says that it tells a place."""
    located = (ROOT / "tests" / "fixtures" / "located.jpg").read_bytes()
    assert b"Exif" in located
    with Server() as server:
        document = server.add("located.jpg", located)
        assert "privacy.location" in [finding["code"] for finding in document["findings"]]
        base = f"/v1/documents/{document['id']}"
        images = [element["image"] for element in server.call("GET", base + "/elements").json["elements"] if element.get("image")]
        assert images
        for path in ("/pages/1", "/pages/1?width=200", *(f"/images/{name}" for name in images)):
            shown = server.call("GET", base + path)
            assert shown.status == 200 and shown.headers["content-type"].startswith("image/"), (path, shown.status)
            assert b"Exif" not in shown.body and b"xmpmeta" not in shown.body, path
        for path in ("", "/elements", "/chunks"):
            assert b"47.3" not in server.call("GET", base + path).body  # degrees and minutes that the fixture has
