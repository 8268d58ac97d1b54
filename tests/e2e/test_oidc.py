# SPDX-License-Identifier: AGPL-3.0-or-later
"""Signing in at an OpenID provider: who gets in with which rights, and everything that a browser, a token or a provider can do
wrong. The provider is tests/e2e/oidc_provider.py."""
import contextlib
import html
import http.client
import json
import pathlib
import re
import shutil
import socket
import tempfile
import time
import urllib.parse

from harness import Server, WebSocket
from oidc_provider import Key, Provider, b64


class Browser:
    """Keeps cookies of one Larder by path, follows redirects there and to the provider."""

    def __init__(self, server):
        self.server, self.cookies = server, {}

    def get(self, url, method="GET", headers=None):
        target = urllib.parse.urlsplit(url)
        port = target.port or self.server.port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        sent = dict(headers or {})
        own = port == self.server.port
        cookies = [f"{name}={value}" for name, (value, path) in self.cookies.items() if own and target.path.startswith(path)]
        if cookies:
            sent["Cookie"] = "; ".join(cookies)
        try:
            connection.request(method, target.path + ("?" + target.query if target.query else ""), headers=sent)
            reply = connection.getresponse()
            reply.body = reply.read()
        finally:
            connection.close()
        for line in reply.headers.get_all("Set-Cookie") or [] if own else []:
            parts = [p.strip() for p in line.split(";")]
            name, value = parts[0].split("=", 1)
            found = dict((p.split("=", 1) + [""])[:2] for p in parts[1:])
            assert "HttpOnly" in parts, line
            self.cookies.pop(name, None)
            if value and found.get("Max-Age") != "0":
                self.cookies[name] = (value, found["Path"])
        return reply

    def out(self):
        """To the provider and as far as its redirect back, which is not followed."""
        reply = self.get("/v1/session/oidc")
        assert reply.status == 303, (reply.status, reply.body[-600:])
        return self.get(reply.headers["Location"]).headers["Location"]

    def sign_in(self):
        return self.get(self.out())

    def who(self):
        reply = self.get("/v1/session", headers={"Sec-Fetch-Site": "same-origin"})
        return json.loads(reply.body) if reply.status == 200 else None


def refused(reply, status, *words):
    """A page for people with these words, and no session."""
    text = reply.body.decode()
    assert reply.status == status, (reply.status, text[-700:])
    assert reply.headers["Content-Type"].startswith("text/html") and "default-src 'none'" in reply.headers["Content-Security-Policy"]
    assert "larder_session=" not in str(reply.headers.get_all("Set-Cookie")), reply.headers
    for word in (*words, "Back to the sign-in page"):
        assert word in html.unescape(text), (word, text[-700:])
    return text


def fails(server, status, *words):
    browser = Browser(server)
    reply = browser.sign_in()
    refused(reply, status, *words)
    assert browser.who() is None


@contextlib.contextmanager
def pair(claims=None, alg="RS256", public=False, **settings):
    with Provider(claims, alg, public) as provider:
        with Server(provider.settings(watch_canary="off", **settings)) as server:
            yield provider, server


def audit(server, act="oidcSignIn"):
    return server.call("GET", f"/v1/audit?act={act}").json["rows"]


def test_person_signs_in_works_and_signs_out():
    with pair({"groups": ["visitors", "leads", "staff"]}) as (provider, server):
        assert server.call("GET", "/v1/session/methods", key=False).json == {
            "key": True, "oidc": {"label": "Sign in with your account", "url": "/v1/session/oidc"}}
        browser = Browser(server)
        reply = browser.sign_in()
        assert reply.status == 303 and reply.headers["Location"] == "/", (reply.status, reply.body)
        session = next(c for c in reply.headers.get_all("Set-Cookie") if c.startswith("larder_session="))
        assert "SameSite=Strict" in session and 11 * 3600 < int(re.search(r"Max-Age=(\d+)", session)[1]) <= 12 * 3600
        me = browser.who()
        assert me["who"] == "oidc:u-1001" and me["name"] == "cook@kitchen.example" and me["role"] == "manager"
        assert me["partitions"] == [] and "admin" not in me["rights"]
        assert "larder_oidc" not in browser.cookies  # used up
        # Rights are those of the role, acts bear the person's name, and other pages can't use the cookie.
        document = server.add("a.txt", b"The fryer is drained on Monday.\n")
        assert browser.get("/v1/keys", headers={"Sec-Fetch-Site": "same-origin"}).status == 403
        path = f"/v1/documents/{document['id']}"
        assert browser.get(path, "DELETE", {"Sec-Fetch-Site": "cross-site"}).status == 403
        assert browser.get(path, "DELETE", {"Sec-Fetch-Site": "same-origin"}).status in (200, 204)
        (row,) = [r for r in audit(server, "deleteDocument") if r["outcome"] == "done"]
        assert row["who"] == "oidc:u-1001"
        (row,) = audit(server)
        assert row["who"] == "oidc:u-1001" and row["outcome"] == "done" and row["detail"] == "cook@kitchen.example as manager"
        assert server.call("GET", "/v1/audit/verify").json["holds"]
        # What was asked of the provider, and how.
        (query,) = provider.authorized
        assert query["redirect_uri"] == f"http://127.0.0.1:{server.port}/v1/session/oidc/callback"
        assert set(query["scope"].split()) == {"openid", "profile", "email"}
        browser.get("/v1/session", "DELETE", {"Sec-Fetch-Site": "same-origin"})
        assert browser.who() is None
        log = server.log_text()
        assert provider.secret not in log and provider.tokens[0] not in log


def test_public_client_and_other_algorithms_work():
    for alg, public in (("ES256", True), ("PS256", False)):
        with pair({"groups": "staff"}, alg, public) as (provider, server):
            browser = Browser(server)
            assert browser.sign_in().status == 303 and browser.who()["role"] == "viewer", alg


def test_partitions_come_with_the_role_and_nothing_mixes():
    roles = "east = contributor: east, west = contributor: west, north = viewer: north, all = viewer"
    with pair({"groups": ["east", "west", "north", "all"]}, oidc_roles=roles) as (provider, server):
        server.add("north.txt", b"The north fryer.\n", partition="north")
        server.add("east.txt", b"The east fryer.\n", partition="east")
        browser = Browser(server)
        browser.sign_in()
        me = browser.who()
        assert me["role"] == "contributor" and sorted(me["partitions"]) == ["east", "west"]
        listed = json.loads(browser.get("/v1/documents", headers={"Sec-Fetch-Site": "same-origin"}).body)["documents"]
        assert [d["name"] for d in listed] == ["east.txt"], listed
        cookie = "; ".join(f"{k}={v[0]}" for k, v in browser.cookies.items())
        socket_ = WebSocket(server, "/v1/events?since=0", {"Authorization": None, "Cookie": cookie,
                                                           "Origin": f"http://127.0.0.1:{server.port}"})
        assert socket_.status == 101
        socket_.socket.settimeout(3)
        seen = []
        with contextlib.suppress(TimeoutError, EOFError, OSError):
            while True:
                seen.append(socket_.event())
        assert "east" in str(seen) and "north" not in str(seen), seen


def test_role_claim_may_be_nested_and_star_is_everybody():
    claims = {"groups": None, "realm_access": {"roles": ["kitchen", "owners"]}}
    with pair(claims, oidc_role_claim="realm_access.roles") as (provider, server):
        browser = Browser(server)
        browser.sign_in()
        assert browser.who()["role"] == "admin"
    with pair({"groups": ["*"]}, oidc_roles="* = viewer, leads = manager") as (provider, server):
        browser = Browser(server)
        browser.sign_in()
        assert browser.who()["role"] == "viewer"
        provider.claims["groups"] = ["leads"]
        browser.sign_in()
        assert browser.who()["role"] == "manager"


def test_account_without_a_role_is_refused_with_a_clear_page():
    with pair({"groups": ["visitors"], "email": "<b>eve</b>@example.org"}) as (provider, server):
        browser = Browser(server)
        text = refused(browser.sign_in(), 403, "no access to this Larder", "Ask the person who runs it", "<b>eve")
        assert "<b>eve" not in text, text
        assert "<b>eve" not in text and browser.who() is None
        (row,) = audit(server)
        assert row["outcome"] == "refused" and row["who"] == "oidc:u-1001" and row["status"] == 403
        provider.claims["groups"] = None  # the claim is not there at all
        fails(server, 403, "no access to this Larder")
        provider.claims["groups"] = {"staff": True}
        fails(server, 403, "no access to this Larder")


def test_wrong_tokens_are_refused():
    now = int(time.time())
    with pair() as (provider, server):
        (provider.folder / "theirs").mkdir()
        other = Key(provider.folder / "theirs", "k1")  # the same name, another key
        short = Key(provider.folder, "short", bits=1024)
        attacks = {
            "another nonce": ({"claims": {"nonce": "A" * 43}}, "(nonce)"),
            "no nonce": ({"claims": {"nonce": None}}, "(nonce)"),
            "another audience": ({"claims": {"aud": "webshop"}}, "(aud)"),
            "no audience": ({"claims": {"aud": None}}, "(aud)"),
            "an audience too many": ({"claims": {"aud": ["larder", "webshop"], "azp": "larder"}}, "(aud)"),
            "made for another": ({"claims": {"azp": "webshop"}}, "(azp)"),
            "another issuer": ({"claims": {"iss": "https://evil.example"}}, "(iss)"),
            "the issuer with a slash": ({"claims": {"iss": provider.issuer + "/"}}, "(iss)"),
            "expired": ({"claims": {"exp": now - 3600, "iat": now - 3900}}, "(exp)"),
            "without an end": ({"claims": {"exp": None}}, "(exp)"),
            "an end that is a text": ({"claims": {"exp": str(now + 300)}}, "(exp)"),
            "old": ({"claims": {"iat": now - 4000}}, "(iat)"),
            "from the future": ({"claims": {"iat": now + 4000, "exp": now + 9000}}, "(iat)"),
            "not yet valid": ({"claims": {"nbf": now + 4000}}, "(nbf)"),
            "without a subject": ({"claims": {"sub": None}}, "(sub)"),
            "alg none": ({"header": {"alg": "none"}}, "not trusted (none)"),
            "HS256 with the public key": ({"header": {"alg": "HS256"}}, "not trusted (HS256)"),
            "claims exchanged": ({"altered": {"groups": ["owners"]}}, "signature is not"),
            "another key of the same name": ({"key": other}, "signature is not"),
            "a key that nobody knows": ({"header": {"kid": "k9"}}, "no key that fits"),
            "a key that it brings along": ({"key": short, "header": {"jwk": short.jwk()}}, "no key that fits"),
            "an algorithm of another key": ({"header": {"alg": "ES256"}}, "no key that fits"),
            "a critical extension": ({"header": {"crit": ["exp"]}}, "extension"),
            "not a token": ({"token": (200, {"id_token": "abc"})}, "three parts"),
        }
        for name, (wrong, words) in attacks.items():
            provider.wrong = wrong
            reply = Browser(server).sign_in()
            if reply.status == 429:  # five wrong ones: then the address waits
                server.stop()
                server.start()
                reply = Browser(server).sign_in()
            try:
                refused(reply, 401, "not accepted", words)
            except AssertionError as error:
                raise AssertionError(f"{name}: {error}") from None
        provider.wrong = {}
        assert Browser(server).sign_in().status in (303, 429)
        assert all(r["outcome"] == "refused" for r in audit(server) if r["status"] == 401)


def test_many_wrong_sign_ins_of_an_address_have_to_wait():
    with pair() as (provider, server):
        provider.wrong = {"claims": {"nonce": "A"}}
        statuses = [Browser(server).sign_in().status for _ in range(7)]
        assert statuses[:5] == [401] * 5 and statuses[-1] == 429, statuses


def test_callback_belongs_to_the_browser_that_began():
    with pair() as (provider, server):
        mine, theirs = Browser(server), Browser(server)
        back = mine.out()
        refused(theirs.get(back), 400, "not begun in this browser")  # no cookie
        theirs.out()
        refused(theirs.get(back), 400, "not begun in this browser")  # the cookie of another sign-in
        state = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["state"][0]
        mine.out()
        for bad in ("", state, state[:-1] + ("A" if state[-1] != "A" else "B"), state + "A"):
            mine.out()
            refused(mine.get(back.replace(f"state={state}", f"state={bad}")), 400, "not begun in this browser")
        mine.out()
        value, path = mine.cookies["larder_oidc"]
        expiry, random, mac = value.split(".")
        for forged in (f"{int(expiry) + 999}.{random}.{mac}", f"{expiry}.{random[:-1]}0.{mac}", f"{expiry}.{random}.{'A' * 43}", "..", "x"):
            mine.cookies["larder_oidc"] = (forged, path)
            refused(mine.get(back), 400, "not begun in this browser")
        assert "/token" not in provider.calls  # none of these reached the provider
        assert mine.who() is None and mine.sign_in().status == 303


def test_sign_in_and_code_count_once():
    with pair() as (provider, server):
        browser = Browser(server)
        back = browser.out()
        kept = dict(browser.cookies)
        assert browser.get(back).status == 303
        again = Browser(server)
        again.cookies = {"larder_oidc": kept["larder_oidc"]}  # somebody recorded all of it
        calls = provider.calls.count("/token")
        refused(again.get(back), 400, "used already")
        assert provider.calls.count("/token") == calls and again.who() is None
        # The code in a sign-in of one's own: the provider ties it to the first one's secret.
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["code"][0]
        thief = Browser(server)
        own = urllib.parse.urlsplit(thief.out())
        query = dict(urllib.parse.parse_qsl(own.query), code=code)
        refused(thief.get(own._replace(query=urllib.parse.urlencode(query)).geturl()), 401, "did not take the code")


def test_answers_of_other_providers_and_errors_are_told():
    with pair() as (provider, server):
        provider.wrong = {"back": {"iss": "https://evil.example"}}
        fails(server, 401, "another provider (iss)")
        provider.wrong = {"back": {"iss": None}}
        fails(server, 401, "another provider (iss)")
        provider.wrong = {"back": {"code": None, "error": "access_denied", "error_description": "<script>alert(1)</script>"}}
        fails(server, 403, "did not let you in")
        provider.wrong = {"back": {"code": None, "error": "server_error"}}
        fails(server, 502, "could not do what it was asked")
        provider.wrong = {"back": {"code": None}}
        fails(server, 502, "sent no code")
        assert "/token" not in provider.calls and "alert(1)" not in server.log_text()


def test_nothing_in_a_request_chooses_where_the_browser_goes():
    with pair() as (provider, server):
        for extra in ("return=//evil.example", "next=https://evil.example/", "redirect_uri=https://evil.example/"):
            browser = Browser(server)
            reply = browser.get("/v1/session/oidc?" + extra)
            assert reply.headers["Location"].startswith(provider.issuer + "/authorize?") and "evil" not in reply.headers["Location"]
            back = browser.get(reply.headers["Location"]).headers["Location"]
            reply = browser.get(back + "&" + extra)
            assert reply.status == 303 and reply.headers["Location"] == "/"


def test_keys_that_the_provider_changes_are_fetched_once_more():
    with pair() as (provider, server):
        assert Browser(server).sign_in().status == 303
        assert provider.calls.count("/jwks") == 1
        assert Browser(server).sign_in().status == 303
        assert provider.calls.count("/jwks") == 1  # kept
        time.sleep(1.1)
        provider.key = Key(provider.folder, "k2", "ES256")
        provider.keys = [provider.key]
        assert Browser(server).sign_in().status == 303
        assert provider.calls.count("/jwks") == 2
        assert provider.calls.count("/.well-known/openid-configuration") == 1


def test_provider_that_is_down_slow_or_talks_nonsense():
    with pair() as (provider, server):
        stages = {  # a fault at the discovery document (before anything is kept)
            "gone": ({"discovery": (500, {})}, 503, "can't be reached"),
            "no JSON": ({"discovery": (200, b"<html>")}, 502, "can't be understood"),
            "another issuer": ({"discovery_more": {"issuer": "https://other.example"}}, 502, "oidc.issuer"),
            "only none": ({"discovery_more": {"id_token_signing_alg_values_supported": ["none", "HS256"]}}, 502, "signs with none of"),
            "elsewhere in plain text": ({"discovery_more": {"token_endpoint": "http://10.0.0.1/token"}}, 502, "token_endpoint"),
            "a file": ({"discovery_more": {"jwks_uri": "file:///etc/passwd"}}, 502, "jwks_uri"),
            "endless": ({"discovery": (200, b" " * (1 << 20))}, 502, "too long"),
        }
        for name, (wrong, status, words) in stages.items():
            provider.wrong = wrong
            refused(Browser(server).get("/v1/session/oidc"), status, words)
            time.sleep(2.1)  # after a failure nobody is asked for two seconds
        provider.wrong = {}
        browser = Browser(server)
        faults = {
            "no JSON": ({"token": (200, b"\x00\xff")}, 502, "no ID token"),
            "no token": ({"token": (200, {"access_token": "x"})}, 502, "no ID token"),
            "down": ({"token": (503, {})}, 503, "can't be reached"),
            "no keys": ({"jwks": (200, {"keys": []})}, 502, "no key that signs"),
            "keys that are none": ({"jwks": (200, {"keys": [1, {"kty": "oct", "k": "AAAA"}]})}, 502, "no key that signs"),
        }
        for name, (wrong, status, words) in faults.items():
            provider.wrong = wrong
            refused(browser.sign_in(), status, words)
            time.sleep(2.1 if "jwks" in wrong else 0)
        provider.wrong = {"delay": {"token": 30}}
        start = time.monotonic()
        refused(browser.sign_in(), 503, "can't be reached")
        assert 7 < time.monotonic() - start < 25
        provider.wrong = {}
        assert browser.sign_in().status == 303
        assert server.call("GET", "/readyz").status == 200


def test_provider_that_is_away_is_asked_seldom_and_keys_still_work():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    settings = {"oidc_issuer": f"http://127.0.0.1:{port}", "oidc_client_id": "larder", "oidc_roles": "*=viewer", "watch_canary": "off"}
    with Server(settings) as server:
        start = time.monotonic()
        for _ in range(20):
            refused(Browser(server).get("/v1/session/oidc"), 503, "can't be reached", "access key")
        assert time.monotonic() - start < 20
        assert server.log_text().count("oidc.provider") <= 4
        assert server.call("POST", "/v1/session", {"key": server.key}, key=False).status == 204


def test_sessions_outlive_a_restart_but_not_a_change_of_the_mapping():
    data = tempfile.mkdtemp(prefix="larder-e2e-")
    try:
        with Provider() as provider:
            with Server(provider.settings(watch_canary="off"), data=data) as server:
                browser = Browser(server)
                browser.sign_in()
                value, path = browser.cookies["larder_session"]
                expiry, who, mac = value.split(".")
                bits = who.split(":")[1]
                for forged in (f"{int(expiry) + 9}.{who}.{mac}", f"{expiry}.{who.replace(bits, '0000000000000004')}.{mac}",
                               f"{expiry}.{who.replace(who.split(':')[2], b64(b'somebody'))}.{mac}", f"{expiry}.oidc:::.{mac}"):
                    browser.cookies["larder_session"] = (forged, path)
                    assert browser.who() is None, forged
                browser.cookies["larder_session"] = (value, path)
                assert browser.who()["role"] == "viewer"
            server = Server(provider.settings(watch_canary="off"), data=data)
            with server:
                browser.server = server
                assert browser.who()["role"] == "viewer"
            with Server(provider.settings(watch_canary="off", oidc_roles="staff = viewer: east"), data=data) as server:
                browser.server = server
                assert browser.who() is None
            with Server({"watch_canary": "off"}, data=data) as server:
                browser.server = server
                assert browser.who() is None
    finally:
        shutil.rmtree(data)


def test_without_the_setting_there_is_no_provider():
    with Server({"watch_canary": "off"}) as server:
        assert server.call("GET", "/v1/session/methods", key=False).json == {"key": True}
        for path in ("/v1/session/oidc", "/v1/session/oidc/callback?state=a&code=b"):
            assert server.call("GET", path, key=False).status == 404


def test_wrong_settings_end_the_start_with_a_sentence():
    good = {"oidc_issuer": "https://login.example", "oidc_client_id": "larder", "oidc_roles": "staff=viewer"}
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / "roles").write_text("# who may what\nCN=Kitchen Leads,OU=East = manager: east\nstaff = king\n")
    try:
        for change, words in (({"oidc_issuer": "http://login.example"}, "oidc.issuer must be"),
                              ({"oidc_client_id": ""}, "oidc.client_id is empty"),
                              ({"oidc_roles": ""}, "nobody has a role"),
                              ({"oidc_roles": "staff=king"}, "oidc.roles: \\\"staff=king\\\" is not"),
                              ({"oidc_roles": "staff=viewer: East Side"}, "lower-case letters"),
                              ({"oidc_roles": "", "oidc_roles_file": folder / "roles"}, "staff = king"),
                              ({"oidc_roles_file": folder / "roles"}, "keep one of them"),
                              ({"oidc_redirect_url": "http://larder.example/back"}, "oidc.redirect_url must be"),
                              ({"oidc_client_secret_file": folder / "none"}, "oidc.client_secret_file")):
            server = Server({**good, **change})
            try:
                server.start(wait=False)
                assert server.process.wait(30) != 0
                assert words.replace("\\", "") in server.log_text().replace("\\", ""), (words, server.log_text())
            finally:
                server.stop()
                shutil.rmtree(server.data, ignore_errors=True)
                server.log_path.unlink()
    finally:
        shutil.rmtree(folder)
