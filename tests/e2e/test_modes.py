# SPDX-License-Identifier: AGPL-3.0-or-later
"""Modes: what each leaves out, for each kind of document; kept, shown, used again."""
import json
import urllib.parse

from harness import Server, fixture, until


def kinds(server, document):
    return [e["kind"] for e in server.elements(document["id"])]


def codes(document):
    return [f["code"] for f in document["findings"]]


def again(server, document, mode=None):
    tail = "?mode=" + urllib.parse.quote(mode) if mode else ""
    reply = server.call("POST", f"/v1/documents/{document['id']}/reread{tail}")
    assert reply.status == 200, reply.body

    def done():
        found = server.call("GET", f"/v1/documents/{document['id']}").json
        return found["status"] == "ready" and "progress" not in found and found

    return until(done, "it is read again", 60)


def test_pictures_and_scans_are_not_recognised_when_fast():
    with Server({"speech_model": "none"}) as server:
        photo = server.add("photo.jpg", fixture("photo.jpg"), mode="fast")
        assert photo["mode"] == "fast" and "mode.left_out" in codes(photo) and kinds(server, photo) == ["figure"], photo
        assert server.call("GET", f"/v1/documents/{photo['id']}/images/thumbnail").status == 200
        photo = again(server, photo, "hi_res")
        assert photo["mode"] == "hi_res" and "mode.left_out" not in codes(photo) and len(kinds(server, photo)) > 1, photo
        photo = again(server, photo)
        assert photo["mode"] == "hi_res" and len(kinds(server, photo)) > 1, photo
        scan = server.add("scan.pdf", fixture("image-page.pdf"), mode='{"static": "fast"}')
        assert scan["mode"] == {"static": "fast", "audio": False, "video": None}, scan["mode"]
        few = len(server.elements(scan["id"]))
        scan = again(server, scan, '{"static": "hi_res"}')
        assert scan["mode"]["static"] == "hi_res" and len(server.elements(scan["id"])) > few, scan


def test_pictures_in_documents_are_left_out_when_fast():
    with Server() as server:
        document = server.add("picture.docx", fixture("picture.docx"), mode="fast")
        fast = [e.get("image") for e in server.elements(document["id"]) if e["kind"] == "figure"]
        assert not any(fast), fast
        document = again(server, document, "all")
        full = [e.get("image") for e in server.elements(document["id"]) if e["kind"] == "figure"]
        assert any(full), full


def test_recordings_are_read_as_the_object_says():
    with Server({"speech_model": "none"}) as server:
        video = server.add("training.mp4", fixture("training.mp4"), mode='{"video":"audio_only"}')
        assert "key_frame" not in kinds(server, video) and codes(video) == ["mode.left_out", "speech.no_model"], (codes(video), kinds(server, video))
        video = again(server, video, '{"video":"video_only"}')
        assert kinds(server, video).count("key_frame") == 3 and codes(video) == ["mode.left_out"], (codes(video), kinds(server, video))
        assert server.search("exit 17")[0]["place"]["time"][0] == 6, "words on the screen"
        video = again(server, video, '{"video":"audio_video"}')
        assert kinds(server, video).count("key_frame") == 3 and codes(video) == ["speech.no_model"], codes(video)
        video = again(server, video, '{"audio":true}')
        assert "key_frame" not in kinds(server, video) and codes(video) == ["mode.left_out"], codes(video)
        assert server.search("lock the back door"), "subtitles are part of the file and always read"
        sound = server.add("fryer.wav", fixture("fryer.wav"), mode='{"audio":true}')
        assert codes(sound) == ["speech.no_model"], codes(sound)
        sound = again(server, sound, '{"static":"hi_res"}')
        assert codes(sound) == ["mode.left_out"], codes(sound)


def test_a_kind_that_is_left_out_is_kept_and_not_read():
    with Server() as server:
        document = server.add("utf8.txt", fixture("utf8.txt"), mode='{"audio": true}')
        assert document["element_count"] == 0 and codes(document)[-1] == "mode.left_out", document
        assert server.call("GET", f"/v1/documents/{document['id']}/original").body == fixture("utf8.txt")
        document = again(server, document, "fast")
        assert document["element_count"] > 0 and "mode.left_out" not in codes(document), document


def test_modes_are_checked_and_named():
    with Server() as server:
        for mode, words in (("slow", "fast, hi_res, all"), ('{"static":"best"}', "static"), ('{"audio":"yes"}', "audio"),
                            ('{"video":"both"}', "video"), ('{"pictures":1}', "pictures"), ('{"static":', "mode")):
            reply = server.upload("a.txt", b"Words.\n", mode=mode)
            assert reply.status == 400 and words in reply.json["detail"], (mode, reply.status, reply.body)
        document = server.add("a.txt", b"Words.\n", mode='"hi_res"')  # as one client quotes it
        assert document["mode"] == "hi_res"
        reply = server.call("POST", f"/v1/documents/{document['id']}/reread?mode=slow")
        assert reply.status == 400, reply.body
        done = server.cli("reread", document["id"], "--mode", '{"static":"fast"}', check=0)
        assert "read again" in done.stdout
        found = server.call("GET", f"/v1/documents/{document['id']}").json
        assert found["mode"] == {"static": "fast", "audio": False, "video": None}, json.dumps(found)
