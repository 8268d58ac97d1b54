# SPDX-License-Identifier: AGPL-3.0-or-later
"""Older Office files: read through LibreOffice where it is installed, refused with a plain sentence where it is not."""
import json
import shutil
import signal
import subprocess
import time

from harness import ROOT, Server, Skip, fixture, until
from test_documents import check_entry

ENTRIES = [e for e in json.loads((ROOT / "tests/fixtures/EXPECT.json").read_text())["files"] if e.get("needs") == "LibreOffice"]


def need_office():
    if not shutil.which("soffice"):
        raise Skip("LibreOffice is not installed")


def left_behind(server):
    return list((server.data / "convert").iterdir())


def test_older_office_files_are_read_with_their_places():
    need_office()
    with Server() as server:
        wrong = [f"{e['name']}: {w}" for e in ENTRIES for w in check_entry(server, e, fixture(e["name"]))]
        assert ENTRIES and not wrong, "; ".join(wrong)
        assert not left_behind(server)


def test_the_original_of_an_older_office_file_stays_the_original():
    need_office()
    with Server() as server:
        body = fixture("menu.xls")
        document = server.add("menu.xls", body)
        assert document["type"] == "xls" and document["media_type"] == "application/vnd.ms-excel"
        assert server.call("GET", f"/v1/documents/{document['id']}/original").body == body
        hit = server.search("onion rings")[0]
        assert hit["document_id"] == document["id"] and hit["place"]["sheet"] == "Menu", hit
        macros = server.upload("macro.doc", fixture("macro.doc")).json
        found = [f for f in macros["findings"] if f["code"] == "active.macro"]
        assert found and "Module1" in found[0]["message"], macros["findings"]


def test_without_libreoffice_older_office_files_are_refused_plainly():
    with Server({"convert_libreoffice": "off"}) as server:
        for name in ("manual.doc", "menu.xls", "training.ppt"):
            reply = server.upload(name, fixture(name))
            assert reply.status == 422 and reply.json["reason"] == "unknown_type", reply.body
            finding = next(f for f in reply.json["findings"] if f["code"] == "type.no_converter")
            assert "LibreOffice" in finding["message"] and ".docx" in finding["advice"], finding
        formats = {f["type"]: f for f in server.call("GET", "/v1/formats").json["formats"]}
        assert formats["doc"]["available"] is False and formats["docx"]["available"] is True
        listed = server.cli("formats", env={"LARDER_CONVERT_LIBREOFFICE": "off"}, check=0).stdout
        assert "not taken in on this machine" in listed
        doctor = server.cli("doctor", env={"LARDER_CONVERT_LIBREOFFICE": "off"}).stdout
        assert "Older Office files" in doctor, doctor


def test_a_wrong_path_of_libreoffice_stops_the_start():
    server = Server({"convert_libreoffice": "/nowhere/soffice"})
    try:
        server.start()
    except AssertionError as error:
        assert "convert.libreoffice" in str(error), error
    else:
        raise AssertionError("it started")
    finally:
        server.stop()
        for path in (server.log_path, server.data.parent / (server.data.name + ".key")):
            path.unlink(missing_ok=True)
        shutil.rmtree(server.data, ignore_errors=True)


def test_a_conversion_that_cannot_work_refuses_the_document():
    need_office()
    with Server({"convert_memory": "20MiB"}) as server:  # too little to start LibreOffice at all
        reply = server.upload("manual.doc", fixture("manual.doc"))
        document = server.wait(reply.json["id"])
        assert document["status"] == "failed" and document["reason"] in ("corrupt", "resource_limit"), document
        assert not left_behind(server)
        assert server.add("note.txt", b"The next one works.\n")


def test_a_killed_server_leaves_no_converter_and_no_folder():
    need_office()
    server = Server({"jobs_workers": 2}).start()
    server.owned = False
    try:
        for i in range(4):
            server.upload(f"manual-{i}.doc", fixture("manual.doc"), partition=f"store_{i}")
        until(lambda: left_behind(server), "a conversion", 60)
        server.stop(signal.SIGKILL)
        end = time.monotonic() + 30  # the kernel ends them with their parent, one after the other
        while str(server.data) in (running := subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout):
            assert time.monotonic() < end, running
            time.sleep(0.1)
        server.start()
        for document in server.call("GET", "/v1/documents").json["documents"]:
            assert server.wait(document["id"])["status"] == "ready"
        assert not left_behind(server)
    finally:
        server.stop()
        shutil.rmtree(server.data, ignore_errors=True)
        for path in (server.log_path, server.data.parent / (server.data.name + ".key")):
            path.unlink(missing_ok=True)
