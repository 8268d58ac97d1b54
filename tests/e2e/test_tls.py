# SPDX-License-Identifier: AGPL-3.0-or-later
"""TLS in the process: handshakes, what is refused, everything else over it, replaced certificates, the command line."""
import concurrent.futures
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import time

from harness import Server, WebSocket, until

NAMES = "subjectAltName=DNS:localhost,DNS:larder.test,IP:127.0.0.1"
HANDSHAKE_SECONDS = 10


def openssl(*args, text=b""):
    done = subprocess.run(["openssl", *map(str, args)], input=text, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, (args, done.stderr.decode()[-600:])
    return done.stdout


class Secure(Server):
    """A server with a certificate of its own, and clients that trust exactly that one."""

    def __init__(self, settings=None, **more):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="larder-tls-"))
        self.certificate, self.private = self.folder / "certificate.pem", self.folder / "key.pem"
        self.make()
        super().__init__({"tls_certificate": self.certificate, "tls_key": self.private, **(settings or {})}, **more)

    def make(self, certificate=None, private=None, kind=("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"), days=90):
        certificate, private = certificate or self.certificate, private or self.private
        openssl("req", "-x509", *kind, "-nodes", "-keyout", private, "-out", certificate, "-days", days,
                "-subj", "/CN=larder.test", "-addext", NAMES)
        private.chmod(0o600)

    def make_expired(self, certificate, private):
        """`req` makes no certificate of the past; `ca` does."""
        config = self.folder / "ca.cnf"
        config.write_text(f"""[ca]
default_ca = own
[own]
database = {self.folder}/index.txt
new_certs_dir = {self.folder}
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
""")
        (self.folder / "index.txt").write_text("")
        request = self.folder / "request.pem"
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", private, "-out", request,
                "-subj", "/CN=larder.test")
        private.chmod(0o600)
        openssl("ca", "-batch", "-config", config, "-selfsign", "-keyfile", private, "-in", request, "-out", certificate,
                "-startdate", "20200101000000Z", "-enddate", "20210101000000Z", "-notext")

    def __exit__(self, *error):
        try:
            super().__exit__(*error)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def context(self, certificate=None):
        return ssl.create_default_context(cafile=str(certificate or self.certificate))

    def connection(self, timeout=60):
        return http.client.HTTPSConnection("localhost", self.port, timeout=timeout, context=self.context())

    def socket(self, timeout=30, context=None):
        return (context or self.context()).wrap_socket(super().socket(timeout), server_hostname="localhost")

    def raw(self, timeout=30):
        return super().socket(timeout)

    def served(self):
        """SHA-256 of the certificate that a new connection gets."""
        lax = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        lax.check_hostname, lax.verify_mode = False, ssl.CERT_NONE
        with self.socket(context=lax) as s:
            return hashlib.sha256(s.getpeercert(True)).hexdigest()

    def on_disk(self):
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.certificate.read_text())).hexdigest()

    def checks(self):
        return self.call("GET", "/health").json["checks"]


def request(server, path="/livez", more=""):
    return f"GET {path} HTTP/1.1\r\nHost: localhost:{server.port}\r\nAuthorization: Bearer {server.key}\r\n{more}\r\n".encode()


def read_all(s):
    got = b""
    with contextlib.suppress(ssl.SSLEOFError, ConnectionResetError):
        while more := s.recv(65536):
            got += more
    return got


# ---- everything over it

def test_tls_is_spoken_as_browsers_want_it():
    with Secure() as server:
        context = server.context()
        context.set_alpn_protocols(["h2", "http/1.1"])
        with server.socket(context=context) as s:
            assert s.version() == "TLSv1.3" and s.selected_alpn_protocol() == "http/1.1" and s.compression() is None
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with server.socket(context=context) as s:
            assert s.version() == "TLSv1.2" and "ECDHE" in s.cipher()[0] and ("GCM" in s.cipher()[0] or "POLY" in s.cipher()[0]), s.cipher()
            assert not s.session.has_ticket, "tickets are off"
        reply = server.call("POST", "/v1/session", {"key": server.key}, key=False, headers={"Host": "larder.test"})
        assert reply.status == 204 and "; Secure" in reply.headers["set-cookie"], reply.headers
        assert reply.headers["strict-transport-security"] == "max-age=31536000"
        assert "strict-transport-security" not in server.call("GET", "/livez").headers, "localhost belongs to other programs too"
        server.add("fryer.txt", b"Filter the fryer oil every day.\n")
        assert "fryer oil" in server.search("fryer oil")[0]["text"]
        metrics = server.call("GET", "/metrics").body.decode()
        left = float(re.search(r"^larder_tls_certificate_expiry_seconds (\S+)", metrics, re.M)[1])
        assert 88 * 86400 < left <= 90 * 86400, left
        assert server.checks()["tls:certificate"][0]["status"] == "pass"
        assert server.call("GET", "/health").json["status"] == "pass"


def test_hsts_can_be_off_and_the_least_version_1_3():
    with Secure({"tls_hsts": "off", "tls_minimum": "1.3"}) as server:
        assert "strict-transport-security" not in server.call("GET", "/livez", headers={"Host": "larder.test"}).headers
        context = server.context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        try:
            server.socket(context=context)
            raise AssertionError("TLS 1.2 was spoken")
        except ssl.SSLError:
            pass


def test_websockets_and_streams_work_over_tls():
    with Secure() as server:
        socket_ = WebSocket(server, "/v1/events?since=0")
        assert socket_.status == 101
        server.add("fryer.txt", b"Filter the fryer oil every day.\n")
        seen = []
        while "ready" not in json.dumps(seen[-1:]):
            seen.append(socket_.event())
        assert [e["seq"] for e in seen] == sorted({e["seq"] for e in seen})
        with server.socket() as s:
            s.sendall(request(server, "/v1/events?since=0", "Accept: text/event-stream\r\n"))
            got = b""
            while b"\n\n" not in got or b"event:" not in got:
                got += s.recv(65536)
            assert b"text/event-stream" in got and b"id: 1\n" in got
        connection = server.connection()
        connection.request("POST", "/v1/ask", json.dumps({"question": "How often is the oil filtered?"}),
                           {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json", "Accept": "text/event-stream"})
        reply = connection.getresponse()
        text = reply.read()
        assert reply.status == 200 and b"every day" in text and b"event:" in text, text[:500]
        connection.close()
        socket_._send(9, b"still there")
        while socket_._bytes(1)[0] & 15 != 10:  # events may come before the pong; all are short
            size = socket_._bytes(1)[0] & 127
            size = struct.unpack(">H", socket_._bytes(2))[0] if size == 126 else size
            socket_._bytes(size)
        assert socket_._bytes(12) == b"\x0bstill there"
        socket_.close()


def wav(size):
    """Noise of that many bytes, in a WAV's shape."""
    noise = secrets.token_bytes(1 << 20) * (size // (1 << 20))
    return (b"RIFF" + struct.pack("<I", 36 + len(noise)) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
            + b"data" + struct.pack("<I", len(noise)) + noise)


def test_50_mib_go_up_and_come_down_in_ranges_over_tls():
    with Secure({"speech_model": "none"}) as server:
        body = wav(50 << 20)
        reply = server.upload("noise.wav", body, mode='{"audio":false}')
        assert reply.status == 201, reply.body[:400]
        path = f"/v1/documents/{reply.json['id']}/original"
        whole = server.call("GET", path)
        assert whole.status == 200 and hashlib.sha256(whole.body).digest() == hashlib.sha256(body).digest()
        for first, last in ((0, 0), (16383, 16384), (1 << 20, (9 << 20) + 7), (len(body) - 5, len(body) - 1)):
            part = server.call("GET", path, headers={"Range": f"bytes={first}-{last}"})
            assert part.status == 206 and part.body == body[first:last + 1], (first, last, part.status, len(part.body))
        # A client that takes its time: the server waits, holds little, and serves others meanwhile.
        before = memory(server)
        with contextlib.ExitStack() as stack:
            slow = [stack.enter_context(server.socket()) for _ in range(20)]
            for s in slow:
                s.sendall(request(server, path))
            time.sleep(1)
            assert memory(server) - before < 20 * (1 << 20), (before, memory(server))
            started = time.monotonic()
            assert server.call("GET", "/livez").status == 200 and time.monotonic() - started < 5
            got = 0
            while got < len(body):
                got += len(slow[0].recv(1 << 20))


def memory(server):
    text = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) * 1024


def test_requests_in_odd_pieces_are_the_same_requests():
    with Secure() as server:
        with server.socket() as s:  # a record for each byte
            for byte in request(server):
                s.sendall(bytes([byte]))
            assert b"200 OK" in s.recv(65536)
        with server.socket() as s:  # many requests in one record
            s.sendall(request(server) * 50 + request(server, more="Connection: close\r\n"))
            assert read_all(s).count(b"HTTP/1.1 200 OK") == 51
        with server.socket() as s:  # a body that waits for leave
            s.sendall(f"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.key}\r\n"
                      "Content-Type: application/json\r\nContent-Length: 15\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n".encode())
            assert b"100 Continue" in s.recv(65536)
            s.sendall(b'{"query":"oil"}')
            assert b"200 OK" in read_all(s)


def test_a_client_that_says_goodbye_first_still_gets_its_answer():
    with Secure() as server:
        for how in ("close_notify", "FIN"):
            into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = server.context().wrap_bio(into, out, server_hostname="localhost")
            with server.raw() as s:
                def turn(step):
                    while True:
                        try:
                            return step()
                        except ssl.SSLWantReadError:
                            if out.pending:
                                s.sendall(out.read())
                            into.write(s.recv(65536))

                turn(tls.do_handshake)
                tls.write(request(server, "/v1/status"))
                if how == "close_notify":
                    with contextlib.suppress(ssl.SSLWantReadError):
                        tls.unwrap()
                s.sendall(out.read())
                if how == "FIN":
                    s.shutdown(socket.SHUT_WR)
                    assert turn(lambda: tls.read(65536)).startswith(b"HTTP/1.1 200")
                else:
                    got = b""
                    while more := s.recv(65536):
                        got += more
                    assert len(got) > 500, "the answer, encrypted"
        with server.socket() as s:  # and the server says goodbye too: no end without close_notify
            s.sendall(request(server, more="Connection: close\r\n"))
            got = b""
            while more := s.recv(65536):  # an end without it would raise
                got += more
            assert b"200 OK" in got


# ---- what is refused

def test_old_versions_weak_ciphers_and_other_protocols_are_refused():
    with Secure() as server:
        def refused(change):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_ciphers("ALL:@SECLEVEL=0")
            change(context)
            try:
                server.socket(context=context).close()
            except (ssl.SSLError, ConnectionResetError):
                return True
            return False

        def version(number):
            def change(context):
                context.minimum_version = context.maximum_version = number
            return change

        def ciphers(text):
            def change(context):
                context.maximum_version = ssl.TLSVersion.TLSv1_2
                context.set_ciphers(text + ":@SECLEVEL=0")
            return change

        assert refused(version(ssl.TLSVersion.TLSv1)) and refused(version(ssl.TLSVersion.TLSv1_1))
        assert not refused(version(ssl.TLSVersion.TLSv1_2)) and not refused(version(ssl.TLSVersion.TLSv1_3))
        assert refused(ciphers("ECDHE-ECDSA-AES128-SHA")) and refused(ciphers("AES128-GCM-SHA256")) and refused(ciphers("aNULL"))
        assert refused(lambda context: context.set_alpn_protocols(["h2"]))
        said = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_2"], input=b"R\n",
                              capture_output=True, timeout=30, check=False)
        assert b"RENEGOTIATING" in said.stdout + said.stderr and b"no renegotiation" in said.stdout + said.stderr, said
        assert server.call("GET", "/livez").status == 200


def test_garbage_and_plain_http_on_the_port_harm_nobody():
    with Secure() as server:
        with server.raw() as s:
            s.sendall(f"GET /v1/documents HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.key}\r\n\r\n".encode())
            answer = read_all(s)
            assert answer.startswith(b"HTTP/1.1 400 ") and b"https://" in answer and b"Connection: close" in answer, answer
            assert b"Strict-Transport-Security" not in answer
        hello = capture_hello(server)
        junk = [b"\x00" * 100, b"\x16", b"\x16\x03\x01\xff\xff" + b"\x00" * 70000, b"\x16\x03\x01\x00\x00" * 2000,
                b"\x80\x2e\x01\x00\x02" + b"\x00" * 60, secrets.token_bytes(4096), hello[:60] + secrets.token_bytes(len(hello) - 60),
                hello + hello, hello + secrets.token_bytes(60000), b"\x15\x03\x03\x00\x02\x02\x28", b"\x17\x03\x03\x00\x20" + b"a" * 32]
        for cut in range(1, len(hello), 37):
            junk.append(hello[:cut])
        for one in junk:
            with server.raw() as s, contextlib.suppress(OSError):
                s.sendall(one)
                s.shutdown(socket.SHUT_WR)
                s.settimeout(HANDSHAKE_SECONDS + 5)
                while s.recv(65536):
                    pass
        for _ in range(20):  # an established one that turns to garbage
            with server.socket() as s:
                raw = socket.socket(fileno=os.dup(s.fileno()))
                raw.sendall(secrets.token_bytes(100))
                raw.close()
        assert server.call("GET", "/livez").status == 200
        until(lambda: server.call("GET", "/v1/status").json["connections"]["open"] <= 2, "all of them are gone")


def capture_hello(server):
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        server.context().wrap_bio(into, out, server_hostname="localhost").do_handshake()
    return out.read()


def test_a_slow_handshake_is_closed():
    with Secure() as server:
        hello = capture_hello(server)
        started = time.monotonic()
        with contextlib.ExitStack() as stack:
            silent = [stack.enter_context(server.raw()) for _ in range(50)]
            halfway = [stack.enter_context(server.raw()) for _ in range(50)]
            for s in halfway:
                s.sendall(hello[:100])
            answered = stack.enter_context(server.raw())
            answered.sendall(hello)  # and never goes on
            assert answered.recv(10) != b""
            assert server.call("GET", "/livez").status == 200
            drip = stack.enter_context(server.raw())
            with contextlib.suppress(OSError):
                for byte in hello:
                    drip.sendall(bytes([byte]))
                    time.sleep(0.1)
            assert time.monotonic() - started < HANDSHAKE_SECONDS + 15, "the drip went on for long"
            for s in silent + halfway + [answered]:
                s.settimeout(5)
                with contextlib.suppress(ConnectionResetError):
                    while s.recv(65536):
                        pass
        assert time.monotonic() - started < HANDSHAKE_SECONDS + 20
        refused = re.search(r"^larder_tls_refused_total (\d+)", server.call("GET", "/metrics").body.decode(), re.M)
        assert refused, "it is counted"


def test_many_handshakes_at_once_are_all_done():
    with Secure() as server:
        server.private.unlink()
        server.make(kind=("-newkey", "rsa:2048"))
        server.process.send_signal(signal.SIGHUP)
        until(lambda: server.served() == server.on_disk(), "the RSA certificate is served")

        def one(_):
            return server.call("GET", "/livez").status

        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            assert set(pool.map(one, range(300))) == {200}


# ---- the certificate

def test_a_new_certificate_is_taken_up_and_a_broken_one_is_not():
    with Secure() as server:
        first = server.served()
        kept = server.socket()
        assert first == server.on_disk()
        old = server.context()
        server.make()  # written in place
        until(lambda: server.served() != first, "the new certificate is served")
        assert server.served() == server.on_disk()
        kept.sendall(request(server))
        assert b"200 OK" in kept.recv(65536), "what was open goes on"
        kept.close()
        try:
            server.socket(context=old)
            raise AssertionError("the old certificate is still served")
        except ssl.SSLError:
            pass
        until(lambda: server.cli("status").returncode == 0, "the command line knows the new key")

        good = server.on_disk()
        other = server.folder / "other.pem"
        server.make(server.folder / "unused.pem", other)
        server.make_expired(server.folder / "expired.pem", server.folder / "expired.key")
        first_context = server.context()
        right = (server.certificate.read_bytes(), server.private.read_bytes())

        def health():
            connection = http.client.HTTPSConnection("localhost", server.port, timeout=30, context=first_context)
            connection.request("GET", "/health", headers={"Authorization": f"Bearer {server.key}"})
            reply = connection.getresponse()
            body = json.loads(reply.read())
            connection.close()
            return body

        broken = [("does not belong", right[0], other.read_bytes()), ("no certificate in PEM form", b"nothing\n", right[1]),
                  ("no private key", right[0], right[0]),
                  ("expired", (server.folder / "expired.pem").read_bytes(), (server.folder / "expired.key").read_bytes())]
        for words, certificate, private in broken:
            server.certificate.write_bytes(certificate)
            server.private.write_bytes(private)
            server.process.send_signal(signal.SIGHUP)
            until(lambda w=words: w in json.dumps(health()["checks"].get("tls:replacement")), words)
            assert health()["status"] == "warn" and server.served() == good
            assert words in server.log_text() and "tls.not_taken_up" in server.log_text()
        assert str(server.folder) not in json.dumps(health())
        server.private.unlink()  # gone: the watch sees that by itself
        until(lambda: "can't be opened" in json.dumps(health()["checks"].get("tls:replacement")), "a missing key is told")
        server.private.write_bytes(right[1])
        server.private.chmod(0o600)
        server.certificate.write_bytes(right[0])
        until(lambda: "tls:replacement" not in health()["checks"], "all is well again")
        assert health()["status"] == "pass" and server.served() == good
        swap = server.folder / "swap"  # as certbot and Kubernetes do it: a link that is turned elsewhere
        swap.mkdir()
        server.make(swap / "certificate.pem", swap / "key.pem")
        for name in ("certificate.pem", "key.pem"):
            link = server.folder / ("new-" + name)
            link.symlink_to(swap / name)
            os.replace(link, server.folder / name)
        until(lambda: server.served() not in (good, first), "the link is followed")


def test_what_is_wrong_with_the_certificate_is_told_with_what_to_do():
    with Secure() as server:
        folder, key = server.folder, server.private
        locked, other, expired, expired_key = folder / "locked.pem", folder / "o.key", folder / "expired.pem", folder / "expired.key"
        openssl("pkey", "-in", key, "-aes256", "-passout", "pass:secret", "-out", locked)
        server.make(folder / "o.pem", other)
        server.make_expired(expired, expired_key)
        weak, weak_key = folder / "weak.pem", folder / "weak.key"
        server.make(weak, weak_key, kind=("-newkey", "rsa:1024"))
        cases = [(folder / "none.pem", key, "can't be opened: No such file"), (server.certificate, folder / "none.pem", "tls.key names"),
                 (server.certificate, locked, "passphrase"), (server.certificate, other, "does not belong"),
                 (key, key, "no certificate in PEM form"), (server.certificate, server.certificate, "no private key"),
                 (server.certificate, "", "tls.key is not set"), ("", key, "tls.certificate is not set"),
                 (folder, key, "not a file"), (weak, weak_key, "too weak")]
        for certificate, private, words in cases:
            env = {"LARDER_TLS_CERTIFICATE": str(certificate), "LARDER_TLS_KEY": str(private)}
            with tempfile.TemporaryDirectory() as data:
                started = server.cli("serve", "--data", data, "--listen", "127.0.0.1:0", env=env)
            assert started.returncode > 0 and words in started.stderr, (words, started)
            report = json.loads(server.cli("doctor", "--json", env=env).stdout)
            told, = [c for c in report if c["check"] == "tls"]
            assert told["status"] == "fail" and words in told["message"] and str(folder) not in told["message"], told

        def doctor(certificate, private):
            env = {"LARDER_TLS_CERTIFICATE": str(certificate), "LARDER_TLS_KEY": str(private)}
            told, = [c for c in json.loads(server.cli("doctor", "--json", env=env).stdout) if c["check"] == "tls"]
            return told["status"], told["message"]

        assert doctor(server.certificate, key)[0] == "pass"
        status, words = doctor(expired, expired_key)
        assert status == "fail" and "expired on 2021-01-01" in words, words
        server.make(folder / "soon.pem", folder / "soon.key", days=5)
        assert doctor(folder / "soon.pem", folder / "soon.key")[0] == "warn"
        key.chmod(0o644)
        status, words = doctor(server.certificate, key)
        assert status == "warn" and "chmod o-rwx" in words, words
    with Secure() as server:  # an expired one stops no start: who mends it must get in
        server.stop()
        server.make_expired(server.certificate, server.private)
        server.start(wait=False)
        until(lambda: server.cli("status").returncode == 0, "it serves")
        assert "expired on 2021-01-01" in server.log_text()
        status = json.loads(subprocess.run(
            ["curl", "-sk", "-H", f"Authorization: Bearer {server.key}", f"https://localhost:{server.port}/health"],
            capture_output=True, timeout=30, check=True).stdout)
        assert status["checks"]["tls:certificate"][0]["status"] == "fail" and status["status"] == "warn", status


def test_a_stop_while_the_certificate_changes_is_clean():
    for _ in range(3):
        with Secure() as server:
            server.make()
            server.process.send_signal(signal.SIGHUP)
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(30) == 0
            assert not (server.data / "run" / "server.json").exists()


def test_with_tls_other_addresses_may_be_listened_on():
    elsewhere = "192.0.2.1:8443"  # an address that is nobody's
    with Secure() as server, tempfile.TemporaryDirectory() as data:
        plain = server.cli("serve", "--data", data, "--listen", elsewhere)
        assert plain.returncode > 0 and "Without TLS" in plain.stderr and "tls.certificate" in plain.stderr, plain.stderr
        secure = server.cli("serve", "--data", data, "--listen", elsewhere,
                            env={"LARDER_TLS_CERTIFICATE": str(server.certificate), "LARDER_TLS_KEY": str(server.private)})
        assert secure.returncode > 0 and "not possible to listen" in secure.stderr, secure.stderr


def test_the_command_line_reaches_a_server_with_tls():
    with Secure() as server:
        file = server.data.parent / (server.data.name + ".txt")
        file.write_text("Filter the fryer oil every day.\n")
        try:
            server.cli("add", file, check=0)  # by the data folder: the key in its run file is pinned
        finally:
            file.unlink()
        url = f"https://localhost:{server.port}"
        elsewhere = {"LARDER_SERVER_DATA": "/nonexistent", "LARDER_KEY": server.key}
        found = server.cli("search", "fryer", "--url", url, "--ca", server.certificate, "--json", env=elsewhere, check=0)
        assert "fryer" in found.stdout
        server.cli("status", env={**elsewhere, "LARDER_URL": url, "LARDER_CA": str(server.certificate)}, check=0)
        strange = server.cli("status", "--url", url, env=elsewhere)
        assert strange.returncode > 0 and "--ca FILE" in strange.stderr, strange.stderr
        wrong = server.cli("status", "--url", f"https://127.0.0.2:{server.port}", "--ca", server.certificate, env=elsewhere)
        assert wrong.returncode > 0, "another name than the certificate has"
        plain = server.cli("status", "--url", f"http://localhost:{server.port}", env=elsewhere)
        assert plain.returncode > 0 and "https://" in plain.stderr, plain.stderr
        hello = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},' \
                '"clientInfo":{"name":"test","version":"1"}}}\n'
        said = subprocess.run([str(server.build / "larder"), "mcp"], input=hello, capture_output=True, text=True, timeout=60, check=False,
                              env={"PATH": os.environ["PATH"], "LARDER_SERVER_DATA": str(server.data)})
        assert '"serverInfo"' in said.stdout, (said.stdout, said.stderr)
        run_file = server.data / "run" / "server.json"
        facts = json.loads(run_file.read_text())
        assert facts["url"].startswith("https://") and facts["pin"].startswith("sha256//") and run_file.stat().st_mode & 0o77 == 0
        facts["pin"] = "sha256//" + "A" * 43 + "="
        run_file.write_text(json.dumps(facts))
        other = server.cli("status")
        assert other.returncode > 0 and "Another program" in other.stderr, other.stderr


def test_a_deployment_with_tls_can_be_proven():
    with Secure({"speech_model": "none"}) as server:
        url = f"https://localhost:{server.port}"
        report = json.loads(server.cli("verify", "--json", "--url", url, "--ca", server.certificate,
                                       env={"LARDER_SERVER_DATA": "/nonexistent", "LARDER_KEY": server.key}).stdout)
        ends = {c["id"]: c["status"] for c in report["checks"]}
        assert sum(end == "pass" for end in ends.values()) > 10, ends
        assert {end for name, end in ends.items() if name.startswith("live.") and name not in ("live.delay", "live.ping")} == {"pass"}, ends
        run = server.call("POST", "/v1/verify").json["id"]  # and by itself, from inside
        until(lambda: server.call("GET", f"/v1/verify/{run}").json["report"]["passed"] > 3, "checks pass", 60)
        server.call("POST", f"/v1/verify/{run}/cancel")
        until(lambda: server.call("GET", f"/v1/verify/{run}").json["report"]["result"] != "running", "it ended", 60)
        strange = server.cli("verify", "--url", url, env={"LARDER_SERVER_DATA": "/nonexistent", "LARDER_KEY": server.key})
        assert strange.returncode == 2, strange
