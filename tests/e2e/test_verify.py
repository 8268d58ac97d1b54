# SPDX-License-Identifier: AGPL-3.0-or-later
"""larder verify: a healthy server passes, a broken one fails with the names of what is broken, and nothing is left behind."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import xml.etree.ElementTree as xml

from harness import Receiver, Server, until

TIMED = ("time.", "load.", "live.delay", "live.ping")  # may be slow on a machine that has much else to do


def left(server):
    """What is there beside the documents of others: nothing, if all was removed."""
    found = [d["name"] for d in server.call("GET", "/v1/documents").json["documents"] if d["partition"].startswith("larder-verify-")]
    found += server.call("GET", "/v1/keys").json["keys"] + server.call("GET", "/v1/conversations").json["conversations"]
    return found


def verify(server, *args):
    done = server.cli("verify", "--json", *args)
    return done, json.loads(done.stdout)


def by_status(report, status):
    return [c["id"] for c in report["checks"] if c["status"] == status]


def test_healthy_server_passes_and_nothing_is_left():
    receiver = Receiver()
    with tempfile.TemporaryDirectory() as folder, Server({"alerts_webhook": receiver.url}) as server:
        kept = server.add("menu.txt", b"The fryer is drained on Monday.\n")
        junit = pathlib.Path(folder, "verify.xml")
        done, report = verify(server, "--junit", junit)
        assert all(name.startswith(TIMED) for name in by_status(report, "fail")), (by_status(report, "fail"), report["checks"])
        assert done.returncode == (1 if by_status(report, "fail") else 0), done.stderr
        passed, skipped = by_status(report, "pass"), by_status(report, "skipped")
        assert len([n for n in passed if n.startswith("type.")]) >= 20 and "engine.scanner" in skipped
        assert "alerts.delivery" in passed and len(receiver.got) >= 1
        assert all(c["text"] for c in report["checks"] if c["status"] == "skipped")
        cases = xml.parse(junit).getroot().iter("testcase")
        assert sorted(c.get("name") for c in cases) == sorted(c["id"] for c in report["checks"])
        assert left(server) == [] and [d["id"] for d in server.call("GET", "/v1/documents").json["documents"]] == [kept["id"]]
        # None of it counts as an upload of people.
        text = server.call("GET", "/metrics").body.decode()
        assert 'larder_uploads_total{type="txt",outcome="accepted"} 1' in text and 'outcome="rejected"} ' not in text, text
        status = server.call("GET", "/v1/status").json
        assert status["speech"]["available"] is True and status["converter"]["message"]
    receiver.close()


def test_server_broken_in_three_ways_fails_with_their_names():
    # The receiver of alerts is down, the speech model is not where the setting says, tables may have 100 bytes only.
    settings = {"alerts_webhook": "http://127.0.0.1:9/hook", "speech_model": "/nowhere/speech.model", "limits_csv": "100"}
    with Server(settings) as server:
        done, report = verify(server)
        failed = {name for name in by_status(report, "fail") if not name.startswith(TIMED)}
        assert failed == {"alerts.delivery", "engine.speech", "type.csv"}, failed
        assert {"type.wav", "type.mp3"} <= set(by_status(report, "skipped"))
        assert done.returncode == 1 and report["result"] == "fail"
        assert all(c["advice"] for c in report["checks"] if c["status"] == "fail")
        assert left(server) == []


def test_parts_that_are_off_are_skipped_with_the_reason():
    with Server({"convert_libreoffice": "off", "speech_model": "none", "access_loopback": "open"}) as server:
        done, report = verify(server)
        skipped = {c["id"]: c["text"] for c in report["checks"] if c["status"] == "skipped"}
        assert {"type.doc", "type.wav", "type.mp3", "engine.libreoffice", "engine.speech", "engine.meaning", "engine.scanner",
                "alerts.delivery", "limits.no-key"} == set(skipped), skipped
        assert "switched off" in skipped["engine.libreoffice"] and "none" in skipped["engine.speech"]
        assert all(name.startswith(TIMED) for name in by_status(report, "fail")), by_status(report, "fail")
        assert left(server) == []


def begin(server):
    reply = server.call("POST", "/v1/verify")
    assert reply.status == 202, reply.body
    return reply.json["id"]


def until_documents(server, count):
    until(lambda: server.call("GET", "/v1/documents").json["total"] >= count, f"{count} documents", 60)


def until_ended(server):
    def ended():
        run = server.call("GET", "/v1/verify").json
        return run["report"]["result"] != "running" and run

    return until(ended, "the end of the run", 240)


def test_run_inside_the_server_comes_in_live_and_can_be_stopped():
    with Server() as server:
        assert server.call("GET", "/v1/verify").json == {"id": None, "report": None}
        watcher = server.call("POST", "/v1/keys", {"name": "watcher", "scopes": ["monitor"]}).json
        manager = server.call("POST", "/v1/keys", {"name": "manager", "role": "manager"}).json

        def as_key(method, path, key):
            return server.call(method, path, headers={"Authorization": "Bearer " + key["key"]}).status

        assert as_key("POST", "/v1/verify", watcher) == 403 and as_key("POST", "/v1/verify", manager) == 403
        first = begin(server)
        assert server.call("POST", "/v1/verify").status == 409
        assert as_key("GET", "/v1/verify", watcher) == 200 and as_key("GET", f"/v1/verify/{first}", watcher) == 200
        assert as_key("POST", f"/v1/verify/{first}/cancel", watcher) == 403
        seen = set()
        until(lambda: seen.add(server.call("GET", f"/v1/verify/{first}").json["report"]["passed"]) or len(seen) >= 4,
              "checks that come in one after the other", 120)
        assert server.call("POST", f"/v1/verify/{first}/cancel").status == 202
        stopped = until_ended(server)
        assert stopped["report"]["result"] == "cancelled" and stopped["report"]["checks"][-1]["status"] == "pass", stopped
        assert server.call("GET", "/v1/documents").json["total"] == 0
        second = begin(server)
        assert server.call("GET", f"/v1/verify/{first}").status == 404
        ended = until_ended(server)
        assert ended["id"] == second and ended["report"]["passed"] > 55, ended["report"]
        junit = server.call("GET", f"/v1/verify/{second}/junit")
        assert xml.fromstring(junit.body).get("tests") == str(len(ended["report"]["checks"]))
        assert server.call("GET", "/v1/documents").json["total"] == 0
        assert {k["name"] for k in server.call("GET", "/v1/keys").json["keys"]} == {"watcher", "manager"}


def test_server_that_is_stopped_or_killed_during_a_run_has_nothing_left_after():
    for how, code in ((signal.SIGTERM, 0), (signal.SIGKILL, -9)):
        folder = tempfile.mkdtemp(prefix="larder-e2e-")
        first = Server(data=folder)
        first.start()
        kept = first.add("menu.txt", b"The fryer is drained on Monday.\n")
        begin(first)
        until_documents(first, 6)
        assert first.stop(how) == code
        with Server(data=folder) as second:
            assert [d["id"] for d in second.call("GET", "/v1/documents").json["documents"]] == [kept["id"]]
            assert second.call("GET", "/v1/conversations").json["conversations"] == []
        shutil.rmtree(folder)


def test_what_can_not_be_tried_ends_with_two():
    with Server() as server:
        nobody = server.cli("verify", "--url", "http://127.0.0.1:9", "--key", "x" * 40)
        assert nobody.returncode == 2 and "Nobody answers" in nobody.stderr, nobody.stderr
        wrong = server.cli("verify", "--key", "larder_000000000000_" + "0" * 48)
        assert wrong.returncode == 2 and "key is not known" in wrong.stderr, wrong.stderr
        made = server.call("POST", "/v1/keys", {"name": "lesser", "role": "contributor"}).json
        lesser = server.cli("verify", "--key", made["key"])
        assert lesser.returncode == 2 and "manage" in lesser.stderr, lesser.stderr
        made = server.call("POST", "/v1/keys", {"name": "one", "role": "manager", "partitions": ["one"]}).json
        walled = server.cli("verify", "--key", made["key"])
        assert walled.returncode == 2 and "partition" in walled.stderr, walled.stderr
        assert server.call("GET", "/v1/documents").json["total"] == 0


def test_after_ctrl_c_nothing_is_left():
    with Server() as server:
        process = subprocess.Popen([server.build / "larder", "verify"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env={"PATH": os.environ["PATH"], "LARDER_SERVER_DATA": str(server.data)})
        until_documents(server, 5)
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
        assert process.returncode == 2 and "Stopped" in errors, (process.returncode, out[-500:], errors)
        assert server.call("GET", "/v1/documents").json["total"] == 0 and left(server) == []
