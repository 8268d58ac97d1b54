# SPDX-License-Identifier: AGPL-3.0-or-later
"""Watching: metrics, histories, health, alerts and the messages about them, against receivers made here."""
import base64
import contextlib
import hashlib
import hmac
import json
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time

from harness import Receiver, Server, Skip, WebSocket, until

OPEN = "application/openmetrics-text; version=1.0.0"


def text(server, accept="text/plain"):
    return server.call("GET", "/metrics", headers={"Accept": accept}).body.decode()


def value(server, line_start):
    for line in text(server).splitlines():
        if line.startswith(line_start + " "):
            return float(line.split()[-1])
    return None


class MailRelay:
    """As much of SMTP as a relay needs; keeps (from, to, message)."""

    def __init__(self):
        self.mails = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"smtp://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            file = client.makefile("rwb")

            def say(line):
                file.write(line + b"\r\n")
                file.flush()

            say(b"220 relay")
            sender, to = b"", []
            for line in file:
                word = line[:4].upper()
                if word == b"DATA":
                    say(b"354 go on")
                    message = []
                    for part in file:
                        if part == b".\r\n":
                            break
                        message.append(part)
                    self.mails.append((sender, to, b"".join(message)))
                    say(b"250 taken")
                elif word == b"QUIT":
                    say(b"221 bye")
                    break
                else:
                    sender = line if word == b"MAIL" else sender
                    to = to + [line] if word == b"RCPT" else to
                    say(b"250 fine")
            client.close()

    def close(self):
        self.socket.close()


def rules_file(folder, *rules):
    path = pathlib.Path(folder) / "rules.json"
    path.write_text(json.dumps({"rules": list(rules)}))
    return path


def always(name="chunks_there", **more):
    return {"name": name, "title": "Passages are there", "severity": "error", "measure": "value",
            "part": {"metric": "larder_chunks"}, "direction": "above", "raise": -1, "group": "test", **more}


def test_metrics_in_both_formats_tell_of_uploads_and_readings():
    with Server() as server:
        server.add("a.txt", b"The fryer is drained on Monday.\n")
        server.upload("b.pdf", b"this is no PDF")
        server.search("fryer")
        plain, opened = text(server), text(server, OPEN)
        assert 'larder_uploads_total{type="txt",outcome="accepted"} 1' in plain
        assert 'larder_uploads_total{type="pdf",outcome="rejected"} 1' in plain
        assert 'larder_documents_processed_total{type="txt",outcome="ready"} 1' in plain
        assert 'larder_searches_total{outcome="found"} 1' in plain
        for stage in ("receive", "check", "read", "chunk", "index", "search"):
            assert value(server, f'larder_stage_seconds_count{{stage="{stage}"}}') >= 1, stage
        assert value(server, 'larder_reader_ends_total{end="done"}') >= 2
        assert opened.endswith("# EOF\n") and "# TYPE larder_uploads counter" in opened
        assert "NaN" not in plain and "NaN" not in opened
        reply = server.call("GET", "/metrics")
        assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert server.call("GET", "/metrics", key=False).status == 401


def test_promtool_finds_nothing_to_say():
    promtool = shutil.which("promtool")
    if not promtool:
        raise Skip("promtool is not installed (Debian's prometheus)")
    with Server() as server:
        server.add("a.txt", b"first\n")
        for accept in ("text/plain", OPEN):
            done = subprocess.run([promtool, "check", "metrics"], input=text(server, accept).replace("# EOF\n", ""),
                                  text=True, capture_output=True)
            if accept == "text/plain":
                assert done.returncode == 0 and not done.stderr.strip(), done.stderr


def test_every_default_rule_watches_a_metric_that_is_there():
    with Server({"watch_canary_seconds": 3}) as server:
        server.add("a.txt", b"first\n")
        until(lambda: value(server, "larder_canary_failures") == 0, "the canary flew")
        plain = text(server)
        for rule in server.call("GET", "/v1/alerts/rules").json["rules"]:
            name = rule["part"]["metric"]
            if name in ("larder_disk_full_seconds", "larder_scanner_up") or name.startswith("larder_tls_"):
                continue  # after ten minutes; where a scanner or a certificate is set
            assert f"\n{name}" in "\n" + plain, name
        documents = server.call("GET", "/v1/documents?partition=larder-canary").json["documents"]
        assert documents == [] and value(server, 'larder_uploads_total{type="txt",outcome="accepted"}') == 1


def test_history_survives_a_restart_and_has_the_present():
    server = Server({"watch_canary": "off"})
    try:
        with server:
            server.data = server.data
            server.owned = False
            server.add("a.txt", b"first\n")
            ask = "/v1/metrics/query?name=larder_uploads_total&labels=type=txt,outcome=accepted&from=-60&step=60"
            total = lambda s: sum(v or 0 for one in s.call("GET", ask).json["series"] for v in one["values"])
            until(lambda: total(server) == 1, "the present second is in the answer", 30)
        again = Server({"watch_canary": "off"}, data=server.data)
        again.key = server.key
        with again:
            again.add("b.txt", b"second\n")
            until(lambda: total(again) == 2, "both starts are in the answer", 30)
            slow = again.call("GET", "/v1/metrics/query?name=larder_http_requests_total&from=-60000000").json
            assert slow["step"] >= 3600 and len(slow["series"][0]["values"]) == slow["points"]
            for wrong in ("", "?name=nothing", "?name=larder_jobs&labels=state", "?name=larder_jobs&from=-86000&step=1",
                          "?name=larder_jobs&from=5&to=1", "?name=larder_jobs&step=x"):
                assert again.call("GET", "/v1/metrics/query" + wrong).status in (400, 404, 429), wrong
    finally:
        shutil.rmtree(server.data, ignore_errors=True)


def test_alert_is_told_by_webhook_alertmanager_and_mail_and_ends():
    folder = tempfile.mkdtemp(prefix="larder-rules-")
    secret = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
    (pathlib.Path(folder) / "secret").write_text("whsec_" + secret + "\n")
    hook, manager, relay = Receiver([(500, {}, b"")]), Receiver(), MailRelay()
    path = rules_file(folder, always())
    try:
        with Server({"alerts_rules": path, "alerts_webhook": hook.url + "/hook", "watch_canary": "off",
                     "alerts_webhook_secret_file": f"{folder}/secret", "alerts_alertmanager": manager.url,
                     "alerts_smtp": relay.url, "alerts_mail_from": "larder@example.org",
                     "alerts_mail_to": "chef@example.org, owner@example.org",
                     "alerts_link": "http://larder.example"}) as server:
            socket_ = WebSocket(server, "/v1/events?since=0")
            until(lambda: any(a["rule"] == "chunks_there" and a["firing"] and a["state"] == "error"
                              for a in server.call("GET", "/v1/alerts").json["alerts"]), "it fires")
            event = socket_.event()
            assert event["kind"] == "alert.changed" and event["data"]["rule"] == "chunks_there", event
            socket_.close()
            until(lambda: len(hook.got) >= 2 and manager.got and relay.mails, "all channels were told", 90)
            first, second = hook.got[0], hook.got[1]
            assert first.path == "/hook" and first.headers["webhook-id"] == second.headers["webhook-id"], "a retry keeps its id"
            headers, body = second.headers, second.body
            signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
            mac = hmac.new(base64.b64decode(secret), signed, hashlib.sha256).digest()
            assert headers["webhook-signature"] == "v1," + base64.b64encode(mac).decode()
            told = json.loads(body)
            assert told["type"] == "alert.raised" and told["data"]["alerts"][0]["rule"] == "chunks_there"
            assert told["data"]["alerts"][0]["link"] == "http://larder.example/dashboard?alert=chunks_there"
            assert manager.got[0].path == "/api/v2/alerts"
            alert = json.loads(manager.got[0].body)[0]
            assert alert["labels"]["alertname"] == "chunks_there" and "endsAt" not in alert
            sender, to, mail = relay.mails[0]
            assert b"larder@example.org" in sender and len(to) == 2
            assert b"Subject: [Larder] error: Passages are there\r\n" in mail
            # The rules change without a restart: now it is well.
            rules_file(folder, always(**{"raise": 5, "clear": 5}))
            until(lambda: any(b"alert.cleared" in got.body for got in hook.got), "its end is told", 60)
            until(lambda: any("endsAt" in a for got in manager.got for a in json.loads(got.body)), "to Alertmanager too")
            until(lambda: len(relay.mails) == 2, "and by mail")
            words = [c["alert"]["state"] for c in server.call("GET", "/v1/alerts/history?rule=chunks_there").json["changes"]]
            assert words == ["ok", "error"], words
            # A broken file changes nothing and says so.
            (pathlib.Path(folder) / "rules.json").write_text('{"rules":[{"name":"canary","raise":"x"}]}')
            until(lambda: server.call("GET", "/v1/alerts/rules").json["file_error"], "the file's fault is told")
            assert any(r["name"] == "chunks_there" for r in server.call("GET", "/v1/alerts/rules").json["rules"])
    finally:
        hook.close()
        manager.close()
        relay.close()
        shutil.rmtree(folder)


def test_people_acknowledge_silence_and_test_alerts():
    folder = tempfile.mkdtemp(prefix="larder-rules-")
    hook = Receiver()
    try:
        with Server({"alerts_rules": rules_file(folder, always()), "alerts_webhook": hook.url, "watch_canary": "off"}) as server:
            done = server.cli("alerts", "silence", "chunks_there", "--minutes", "5", "--comment", "we know")
            assert done.returncode == 0, done.stderr
            listed = until(lambda: (lambda r: r if "Passages are there" in r.stdout and r.returncode == 2 else None)(
                server.cli("alerts", "list")), "it fires")
            assert "silenced" in listed.stdout and "we know" in listed.stdout
            time.sleep(12)
            assert hook.got == []
            number = server.call("GET", "/v1/alerts").json["silences"][0]["id"]
            assert server.cli("alerts", "unsilence", str(number)).returncode == 0
            until(lambda: hook.got, "it is told once the silence ends", 60)
            assert server.cli("alerts", "ack", "chunks_there").returncode == 0
            alert = [a for a in server.call("GET", "/v1/alerts").json["alerts"] if a["rule"] == "chunks_there"][0]
            assert alert["acknowledged_at"] and alert["held"] == "acknowledged"
            assert server.cli("alerts", "ack", "canary").returncode != 0
            before = len(hook.got)
            assert "webhook" in server.cli("alerts", "test").stdout
            until(lambda: len(hook.got) == before + 2, "the test message and its end arrive")
            assert server.cli("alerts", "rules").returncode == 0 and server.cli("alerts", "history").returncode == 0
            assert server.call("POST", "/v1/alerts/silences", body=b"{}").status == 400
            assert server.call("POST", "/v1/alerts/silences", body=b'{"rule":"none"}').status == 404
    finally:
        hook.close()
        shutil.rmtree(folder)


def test_alert_goes_on_after_a_restart_without_being_told_again():
    folder = tempfile.mkdtemp(prefix="larder-rules-")
    hook = Receiver()
    settings = {"alerts_rules": rules_file(folder, always()), "alerts_webhook": hook.url, "watch_canary": "off"}
    server = Server(settings)
    try:
        with server:
            server.owned = False
            until(lambda: hook.got, "it is told", 30)
            fired = [a["fired_at"] for a in server.call("GET", "/v1/alerts").json["alerts"] if a["rule"] == "chunks_there"]
            time.sleep(1.5)
        again = Server(settings, data=server.data)
        again.key = server.key
        with again:
            time.sleep(13)
            now = [a for a in again.call("GET", "/v1/alerts").json["alerts"] if a["rule"] == "chunks_there"]
            assert now[0]["firing"] and [now[0]["fired_at"]] == fired
            assert len(hook.got) == 1
    finally:
        hook.close()
        shutil.rmtree(folder)
        shutil.rmtree(server.data, ignore_errors=True)


def test_silence_outlives_a_restart():
    server = Server({"watch_canary": "off"})
    try:
        with server:
            server.owned = False
            assert server.cli("alerts", "silence", "disk_full_soon", "--minutes", "5", "--comment", "a new disk comes").returncode == 0
            before = server.call("GET", "/v1/alerts").json["silences"]
        again = Server(server.settings, data=server.data)
        again.key = server.key
        with again:
            assert before and again.call("GET", "/v1/alerts").json["silences"] == before
            again.cli("alerts", "unsilence", before[0]["id"], check=0)
            assert again.call("GET", "/v1/alerts").json["silences"] == []
    finally:
        shutil.rmtree(server.data, ignore_errors=True)


def test_wrong_rules_file_stops_the_start_with_a_sentence():
    folder = tempfile.mkdtemp(prefix="larder-rules-")
    try:
        server = Server({"alerts_rules": rules_file(folder, {"name": "new"})})
        server.start(wait=False)
        assert server.process.wait(20) != 0
        assert "Rule new" in server.log_text()
        server.stop()
    finally:
        shutil.rmtree(folder)


def test_edited_row_of_the_audit_log_raises_the_integrity_alert():
    server = Server({"watch_canary": "off"})
    integrity = lambda s: {a["word"]: (a["state"], a["plot"]) for a in s.call("GET", "/v1/alerts").json["alerts"] if a["rule"] == "integrity"}
    try:
        with server:
            server.owned = False
            server.add("a.txt", b"first\n")
            server.add("b.txt", b"second\n")
            until(lambda: integrity(server) == dict.fromkeys(("audit", "database", "disk"), ("ok", "storage")), "all three are looked at")
        with contextlib.closing(sqlite3.connect(server.data / "larder.db")) as db, db:
            db.execute("DROP TRIGGER audit_stays")
            assert db.execute("UPDATE audit SET who = 'nobody' WHERE seq = (SELECT min(seq) FROM audit WHERE act = 'createDocument')").rowcount == 1
        again = Server({"watch_canary": "off"}, data=server.data)
        again.key = server.key
        with again:
            until(lambda: integrity(again).get("audit", [""])[0] == "critical", "the alert")
            assert integrity(again)["database"][0] == "ok"
            assert value(again, 'larder_integrity_failures{part="audit"}') == 1
            assert "audit.broken" in again.log_text() and again.call("GET", "/v1/audit/verify").json["bad_seq"] >= 1
    finally:
        shutil.rmtree(server.data, ignore_errors=True)


def test_collecting_costs_under_a_hundredth_of_a_core():
    with Server({"watch_canary": "off"}) as server:
        for i in range(5):
            server.add(f"{i}.txt", b"line %d\n" % i)
        before, start = value(server, "larder_watch_cpu_seconds_total"), time.monotonic()
        time.sleep(10)
        share = (value(server, "larder_watch_cpu_seconds_total") - before) / (time.monotonic() - start)
        assert share < 0.01, f"{share:.2%} of a core"


def test_audit_chain_is_followed_while_the_server_runs():
    with Server({"watch_canary": "off"}) as server:
        for i in range(3):
            server.upload(f"{i}.txt", b"text %d\n" % i)
        until(lambda: value(server, 'larder_integrity_failures{part="audit"}') == 0.0 or None, "the chain is known to hold")
        forged = f"INSERT INTO audit (seq, time_ms, who, act, subject, outcome, status, address, request_id, detail, hash) SELECT max(seq) + 1, " \
                 f"1, 'admin', 'deleteDocument', 'x', 'done', 0, '', '', '', '{'0' * 64}' FROM audit"
        with contextlib.closing(sqlite3.connect(f"{server.data}/larder.db", timeout=10)) as db:
            db.execute(forged)
            db.commit()
        until(lambda: value(server, 'larder_integrity_failures{part="audit"}') == 1.0, "the forged row")
