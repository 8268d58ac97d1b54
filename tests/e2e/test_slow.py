# SPDX-License-Identifier: AGPL-3.0-or-later
"""Clients that hold their place and bring or take next to nothing: others don't notice, and they are closed.
tools/slow does the same at length with slowhttptest."""
import contextlib
import resource
import select
import socket
import time

from harness import Server

MANY = 600  # over what may be on its way to disk at once
PATIENCE = 6.0  # seconds for a good client's answer: a busy test machine, not the server


def connect(server, small=False):
    one = socket.socket()
    if small:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.settimeout(20)
    one.connect(("127.0.0.1", server.port))
    return one


def head(server, method, path, *more):
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{server.port}", f"Authorization: Bearer {server.key}", *more]
    return ("\r\n".join(lines) + "\r\n").encode()


def drip(sockets, byte):
    for one in sockets:
        with contextlib.suppress(OSError):
            one.send(byte)


def good_clients_go_on(server, number):
    slowest = 0
    for i in range(5):
        for call in (lambda: server.call("GET", "/v1/documents"), lambda: server.call("GET", "/"),
                     lambda i=i: server.upload(f"good-{number}-{i}.txt", f"Round {i} of {number}: the fryer is clean.".encode())):
            start = time.monotonic()
            reply = call()
            slowest = max(slowest, time.monotonic() - start)
            assert reply.status in (200, 201), (reply.status, reply.body)
    assert slowest < PATIENCE, slowest


@contextlib.contextmanager
def crowd(server, count, first, small=False):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    sockets = []
    try:
        for _ in range(min(count, min(hard, 4096) - 200)):
            one = connect(server, small)
            sockets.append(one)
            one.sendall(first)
        yield sockets
    finally:
        for one in sockets:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_slow_headers_keep_nobody_out_and_are_cut_off():
    with Server() as server, crowd(server, MANY, head(server, "GET", "/v1/documents")) as slow:
        for number in range(4):
            drip(slow, b"X")
            good_clients_go_on(server, number)
            time.sleep(1)
        end, answered = time.monotonic() + 60, set()
        while len(answered) < len(slow) and time.monotonic() < end:
            drip([s for s in slow if s not in answered], b"x")
            answered.update(select.select([s for s in slow if s not in answered], [], [], 1)[0])
        assert len(answered) == len(slow), f"{len(slow) - len(answered)} are still open"
        assert b" 408 " in slow[0].recv(100)


def test_slow_bodies_keep_nobody_out_and_make_room():
    with Server() as server:
        first = head(server, "POST", "/v1/documents?name=slow.txt", "Content-Type: application/octet-stream", "Content-Length: 100000") + b"\r\na"
        with crowd(server, MANY, first) as slow:
            time.sleep(1.2)  # now they are slow, and not only new
            refused = [server.upload(f"first-{i}.txt", b"The first one may find all places taken.").status for i in range(3)]
            assert set(refused) <= {201, 503, 200}, refused
            time.sleep(0.5)
            for number in range(3):
                drip(slow, b"x")
                good_clients_go_on(server, number)
            told = select.select(slow, [], [], 5)[0]
            assert len(told) > MANY / 2, len(told)
            assert b" 503 " in told[0].recv(200)


def test_slow_readers_keep_nobody_out():
    with Server() as server:
        words = b"".join(b"line %d of a long log of the kitchen\n" % i for i in range(100000))
        large = server.add("large.txt", words)["id"]
        with crowd(server, 300, head(server, "GET", f"/v1/documents/{large}/original") + b"\r\n", small=True) as slow:
            for number in range(3):
                for one in slow:
                    one.recv(5)
                good_clients_go_on(server, number)
            reply = server.call("GET", f"/v1/documents/{large}/original")
            assert reply.body == words


def test_many_ranges_are_refused():
    with Server() as server:
        one = server.add("notes.txt", b"The fryer is cleaned each evening.\n" * 50)["id"]
        path = f"/v1/documents/{one}/original"
        many = "bytes=0-," + ",".join(f"5-{i}" for i in range(5, 1300))
        assert server.call("GET", path, headers={"Range": many}).status == 416
        assert server.call("GET", path, headers={"Range": "bytes=0-1,4-5"}).status == 200
        part = server.call("GET", path, headers={"Range": "bytes=4-8"})
        assert (part.status, part.body) == (206, b"fryer")
