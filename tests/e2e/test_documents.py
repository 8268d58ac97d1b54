# SPDX-License-Identifier: AGPL-3.0-or-later
"""The road of one file: every sample and fixture ends as its EXPECT.json says."""
import json
import re
import shutil
import sys
import tempfile
import unicodedata

from harness import ROOT, Server, WebSocket, fixture, sample

DROPPED = dict.fromkeys([0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, 0xFEFF])


def plain(text):
    text = unicodedata.normalize("NFKC", text or "").translate(DROPPED)
    return re.sub(r"\s+", " ", text).strip().lower()


def column(letters):
    n = 0
    for letter in letters:
        n = n * 26 + ord(letter) - 64
    return n


def cells(text):
    first, _, last = text.partition(":")
    (a, b), (c, d) = (re.fullmatch(r"([A-Z]+)(\d+)", part).groups() for part in (first, last or first))
    return column(a), int(b), column(c), int(d)


def holds(place, want):
    """Is what is wanted inside the place of an element?"""
    place = place or {}
    for key in ("page", "slide"):
        if key in want and place.get(key) != want[key]:
            return False
    if "part" in want and place.get("part", "document") != want["part"]:
        return False
    if "sheet" in want:
        if place.get("sheet") != want["sheet"]:
            return False
        if "range" in want:
            a, b, c, d = cells(place["range"])
            e, f, g, h = cells(want["range"])
            if not (a <= e and g <= c and b <= f and h <= d):
                return False
    if "time" in want:  # an utterance may begin before the phrase
        got = place.get("time")
        if not got or got[1] < want["time"][0] - 1 or got[0] > want["time"][1] + 1:
            return False
    for key in ("rows", "lines"):
        if key in want:
            got = place.get(key)
            if not got or not got[0] <= want[key][0] <= want[key][-1] <= got[-1]:
                return False
    return True


def bare(text):
    return re.sub(r"[^a-z0-9]", "", text.lower())


def check_content(server, entry, document):
    elements = server.elements(document["id"])
    texts = [plain(e["text"]) for e in elements]
    joined = " ".join(texts)
    wrong = []
    for phrase in entry.get("phrases", []):
        want = plain(phrase["text"])
        if phrase.get("ocr"): # spaces and marks are not what recognition is judged by
            hits = [e for e, t in zip(elements, texts) if bare(want) in bare(t)]
            if not any(holds(e["place"], phrase["place"]) for e in hits):
                wrong.append(f"not recognised: {phrase['text']!r}; there is {joined[:200]!r}")
            continue
        if want not in joined:
            wrong.append(f"not found: {phrase['text']!r}")
            continue
        hits = [e for e, t in zip(elements, texts) if want in t or (t and t in want and len(t) > 8)]
        if not any(holds(e["place"], phrase["place"]) for e in hits):
            wrong.append(f"place of {phrase['text']!r}: want {phrase['place']}, got {[e['place'] for e in hits][:3]}")
    for word in entry.get("absent", []) + entry.get("dropped", []):
        if plain(word) in joined:
            wrong.append(f"must not be read: {word!r}")
    at = -1
    for word in entry.get("order", []):
        found = joined.find(plain(word))
        if found <= at:
            wrong.append(f"out of order: {word!r}")
        at = found
    return wrong


def check_entry(server, entry, body):
    reply = server.upload(entry["upload_as"], body)
    document = reply.json
    if reply.status == 201:
        document = server.wait(document["id"], 600)  # recordings are heard, on a busy machine slowly
    elif reply.status == 200:
        return []
    ended = "accept" if document.get("status") == "ready" else "reject"
    outcome = (ended, None if ended == "accept" else document.get("reason"))
    right = {(entry["expect"], entry.get("reason"))}
    for other in entry.get("or", []):
        right.add((other.get("expect"), other.get("reason")) if isinstance(other, dict)
                  else ("accept", None) if other == "accept" else ("reject", other))
    codes = {f["code"] for f in document.get("findings", [])}
    said = [json.dumps([f["code"], f.get("place")]) for f in document.get("findings", [])]
    if len(said) != len(set(said)):
        return [f"a finding stands twice: {sorted(said)}"]
    held = document.get("status") == "quarantined"
    if outcome not in right and not held:
        return [f"ended as {outcome}, wanted {sorted(map(str, right))}; findings {sorted(codes)} {document.get('errors')}"]
    wrong = [f"finding {code} is missing; there are {sorted(codes)}" for code in entry.get("findings", [])
             if code not in codes and outcome[0] == entry["expect"]]
    return wrong + (check_content(server, entry, document) if ended == "accept" else [])


def check_all(entries, load):
    wrong = []
    with Server() as server:
        for entry in entries:
            body = load(entry)
            if body is not None:
                wrong += [f"{entry['name']}: {w}" for w in check_entry(server, entry, body)]
        assert server.call("GET", "/readyz").status == 200
    assert not wrong, f"{len(wrong)} wrong: " + "; ".join(wrong)


def test_samples_are_read_with_their_places():
    check_all(json.loads((ROOT / "samples/EXPECT.json").read_text())["files"], lambda e: sample(e["name"]))


def expected(kind):
    return [e for e in json.loads((ROOT / "tests/fixtures/EXPECT.json").read_text())["files"]
            if (e["expect"] == "accept") == (kind == "accept") and not e.get("needs")]  # those: test_legacy.py


def load_small(entry):
    return None if entry.get("big") else fixture(entry["name"])


def test_good_fixtures_are_read_with_their_places():
    check_all(expected("accept"), load_small)


def test_hostile_fixtures_are_refused_for_the_right_reason():
    check_all(expected("reject"), load_small)


def test_big_hostile_files_are_refused_within_limits():
    sys.path.insert(0, str(ROOT / "tests/fixtures"))
    import make
    import pathlib
    with tempfile.TemporaryDirectory() as folder:
        make.make_big(folder)
        big = [e for kind in ("accept", "reject") for e in expected(kind) if e.get("big")]
        assert big
        check_all(big, lambda e: (pathlib.Path(folder) / pathlib.Path(e["name"]).name).read_bytes())


def test_all_findings_come_at_once():
    with Server() as server:
        reply = server.upload("notes\u202eexe.pdf", b"just text, no pdf")
        assert reply.status == 422
        codes = {f["code"] for f in reply.json["findings"]}
        assert {"name.unsafe", "type.mismatch"} <= codes, codes
        for f in reply.json["findings"]:
            assert f["layer"] in (1, 2, 3, 4, 5) and f["message"] and f["advice"], f


def test_the_same_content_again_is_recognised():
    with Server() as server:
        first = server.add("a.md", b"# Fryer\n\nFilter the oil.\n")
        again = server.upload("b.md", b"# Fryer\n\nFilter the oil.\n")
        assert again.status == 200 and again.json["duplicate"] is True and again.json["id"] == first["id"]
        for name in ("a.md.exe", "a.pdf", "../a.md"):
            bad = server.upload(name, b"# Fryer\n\nFilter the oil.\n")
            assert bad.status == 422, (name, bad.body)
        other = server.upload("a.md", b"# Fryer\n\nFilter the oil.\n", partition="other")
        assert other.status == 201 and other.json["id"] != first["id"]


def test_multipart_upload_with_fields_in_any_order():
    boundary = "larderboundary"

    def part(name, text, more=""):
        return f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{text}\r\n'

    body = (part("file", "# Grill\n\nScrape it.\n", '; filename="grill.md"\r\nContent-Type: text/markdown') +
            part("mode", '"fast"') + part("metadata", '{"station": "grill", "tags": ["hot", "steel"]}') +
            part("partition", "store_12") + f"--{boundary}--\r\n").encode()
    with Server() as server:
        reply = server.call("POST", "/v1/documents", body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})
        assert reply.status == 201, reply.body
        document = server.wait(reply.json["id"])
        assert document["status"] == "ready" and document["partition"] == "store_12" and document["mode"] == "fast"
        assert document["metadata"] == {"station": "grill", "tags": ["hot", "steel"]}
        missing = server.call("POST", "/v1/documents", f"--{boundary}--\r\n".encode(),
                              {"Content-Type": f"multipart/form-data; boundary={boundary}"})
        assert missing.status == 400, missing.body


def test_over_the_cap_is_refused_while_streaming():
    with Server({"limits_txt": "64KiB"}) as server:
        reply = server.upload("long.txt", b"word " * 200_000)
        assert reply.status == 422 and reply.json["reason"] == "too_large", reply.body[:300]
        assert server.call("GET", "/v1/documents").json["total"] == 0
        assert not list((server.data / "spool").iterdir())


def test_list_pages_filters_and_keeps_its_order():
    with Server() as server:
        ids = [server.upload(f"note-{i:02}.txt", f"Note number {i}.\n".encode()).json["id"] for i in range(23)]
        for one in ids:
            server.wait(one)
        server.add("table.csv", b"item,price\nfries,2.50\n")
        seen, after = [], ""
        while after is not None:
            page = server.call("GET", f"/v1/documents?limit=7&after={after}").json
            assert page["total"] == 24
            seen += [d["id"] for d in page["documents"]]
            after = page["next"]
        assert len(seen) == len(set(seen)) == 24 and seen[1:] == ids[::-1]
        assert server.call("GET", "/v1/documents?type=csv").json["total"] == 1
        assert server.call("GET", "/v1/documents?q=note-1").json["total"] == 10
        assert server.call("GET", "/v1/documents?status=failed").json["total"] == 0
        assert server.call("GET", "/v1/documents?status=nonsense").status == 400


def test_delete_removes_it_from_everything():
    with Server() as server:
        document = server.add("secret.md", b"# Vault\n\nThe zanzibar combination.\n")
        assert server.search("zanzibar")
        assert server.call("DELETE", f"/v1/documents/{document['id']}").status == 204
        assert not server.search("zanzibar")
        for tail in ("", "/elements", "/original", "/chunks"):
            assert server.call("GET", f"/v1/documents/{document['id']}{tail}").status == 404
        assert server.call("DELETE", f"/v1/documents/{document['id']}").status == 404


def test_original_comes_back_whole_and_in_ranges():
    with Server() as server:
        body = sample("fryer-manual.pdf")
        document = server.add("fryer manual \u00e4.pdf", body)
        path = f"/v1/documents/{document['id']}/original"
        whole = server.call("GET", path)
        assert whole.status == 200 and whole.body == body
        assert whole.headers["content-disposition"].startswith("attachment;")
        assert "filename*=UTF-8''fryer%20manual%20%C3%A4.pdf" in whole.headers["content-disposition"]
        assert whole.headers["x-content-type-options"] == "nosniff" and "sandbox" in whole.headers["content-security-policy"]
        part = server.call("GET", path, headers={"Range": "bytes=10-19"})
        assert part.status == 206 and part.body == body[10:20]
        assert part.headers["content-range"] == f"bytes 10-19/{len(body)}"
        assert server.call("GET", path, headers={"Range": f"bytes={len(body)}-"}).status == 416
        assert server.call("GET", path, headers={"If-None-Match": whole.headers["etag"]}).status == 304


def test_page_images_are_pictures_of_the_pages():
    with Server() as server:
        document = server.add("manual.pdf", sample("fryer-manual.pdf"))
        base = f"/v1/documents/{document['id']}/pages/"
        for page in (1, int(document["page_count"])):
            picture = server.call("GET", f"{base}{page}?width=600")
            assert picture.status == 200 and picture.headers["content-type"] == "image/png"
            assert picture.body[:8] == b"\x89PNG\r\n\x1a\n" and int.from_bytes(picture.body[16:20], "big") == 600
        assert server.call("GET", f"{base}{int(document['page_count']) + 1}").status == 404
        assert server.call("GET", f"{base}0").status == 404
        other = server.add("a.txt", b"no pages here\n")
        assert server.call("GET", f"/v1/documents/{other['id']}/pages/1").status == 415


def test_reread_keeps_the_old_reading_until_the_new_one_is_ready():
    with Server() as server:
        document = server.add("walk-in.md", b"# Walk-in\n\nKeep it at 38 degrees.\n")
        reply = server.call("POST", f"/v1/documents/{document['id']}/reread")
        assert reply.status == 200 and server.search("walk-in")
        assert server.wait(document["id"])["status"] == "ready"
        assert len(server.search("walk-in", max_per_document=1)) == 1 and len(server.elements(document["id"])) == 2


def test_streams_resume_before_a_restart():
    server = Server()
    try:
        with server:
            server.owned = False
            server.add("before.txt", b"The walk-in cooler is kept at three degrees.\n")
            wanted = server.call("GET", "/v1/events?since=0").json["events"]
        again = Server(data=server.data)
        again.key = server.key
        with again:
            stream = WebSocket(again, "/v1/events?since=0")
            seen = []
            while len(seen) < len(wanted):
                seen += [event for event in [stream.event()] if "seq" in event]
            assert len(wanted) > 2 and [(e["seq"], e["kind"]) for e in seen] == [(e["seq"], e["kind"]) for e in wanted], seen
            stream.close()
    finally:
        shutil.rmtree(server.data, ignore_errors=True)


def test_quarantined_documents_wait_for_a_person():
    with Server() as server:
        reply = server.upload("launch.pdf", fixture("hostile/launch.pdf"))
        assert reply.status == 201 and reply.json["status"] == "quarantined" and reply.json["verdict"] == "quarantined"
        path = f"/v1/documents/{reply.json['id']}"
        assert server.call("GET", path + "/original").status == 409 and server.call("GET", path + "/pages/1").status == 409
        assert server.call("POST", path + "/release").status == 200
        assert server.wait(reply.json["id"])["status"] == "ready"
        assert server.call("POST", path + "/release").status == 409
        second = server.upload("again.pdf", fixture("hostile/launch.pdf") + b"\n").json["id"]
        assert "Released" in server.cli("release", second, check=0).stdout and server.wait(second)["status"] == "ready"
        assert server.cli("release", second).returncode == 65 and server.cli("cancel", "no-such-document").returncode == 66


def test_metadata_can_be_changed_and_filters_search():
    with Server() as server:
        one = server.add("a.md", b"# Fryer\n\nOil goes in the fryer.\n", metadata='{"station": "fry", "level": 3}')
        two = server.add("b.md", b"# Grill\n\nOil goes on the grill.\n", metadata='{"station": "grill", "level": 1}')

        def found(condition):
            return {r["document_id"] for r in server.search("oil", filter=condition)}

        assert found({"station": "fry"}) == {one["id"]}
        assert found({"level": {"$gte": 2}}) == {one["id"]} and found({"level": {"$lt": 2}}) == {two["id"]}
        assert found({"$or": [{"station": "fry"}, {"level": 1}]}) == {one["id"], two["id"]}
        assert found({"station": {"$in": ["grill", "bar"]}}) == {two["id"]} and found({"station": {"$ne": "fry"}}) == {two["id"]}
        reply = server.call("PATCH", f"/v1/documents/{one['id']}/metadata", {"metadata": {"station": "bar", "level": None}})
        assert reply.status == 200 and reply.json["metadata"] == {"station": "bar"}
        assert found({"station": "bar"}) == {one["id"]}
        for bad in ({"a'b": 1}, {"x": {"$evil": 1}}, {}, {"$and": {}}, {"x": {}}, {"x": None}):
            assert server.call("POST", "/v1/search", {"query": "oil", "filter": bad}).status == 400, bad
