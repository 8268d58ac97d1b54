# SPDX-License-Identifier: AGPL-3.0-or-later
"""An OpenID provider for tests: discovery, keys, a sign-in that asks nothing, and tokens that can be made wrong on purpose.
Keys and signatures by the openssl command; it checks the client, the code, PKCE and the redirect address as a real one does."""
import base64
import hashlib
import hmac
import json
import pathlib
import secrets
import shutil
import subprocess
import tempfile
import time
import urllib.parse

from harness import Service


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*args, data=None):
    return subprocess.run(["openssl", *map(str, args)], input=data, capture_output=True, check=True).stdout


def unsigned(der, at):
    """The INTEGER at this place of DER, and the place behind it."""
    assert der[at] == 2
    return int.from_bytes(der[at + 2:at + 2 + der[at + 1]], "big"), at + 2 + der[at + 1]


class Key:
    def __init__(self, folder, kid, alg="RS256", bits=2048):
        self.kid, self.alg, self.path = kid, alg, pathlib.Path(folder) / f"{kid}.pem"
        if alg == "ES256":
            openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.path)
        else:
            openssl("genrsa", "-out", self.path, bits)
        self.public_pem = openssl("pkey", "-in", self.path, "-pubout")

    def jwk(self):
        if self.alg == "ES256":
            point = openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")[-64:]
            return {"kty": "EC", "crv": "P-256", "kid": self.kid, "use": "sig", "x": b64(point[:32]), "y": b64(point[32:])}
        modulus = openssl("rsa", "-in", self.path, "-noout", "-modulus").decode().strip().split("=")[1]
        return {"kty": "RSA", "kid": self.kid, "use": "sig", "alg": self.alg, "n": b64(bytes.fromhex(modulus)), "e": "AQAB"}

    def sign(self, data):
        pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"] if self.alg == "PS256" else []
        signature = openssl("dgst", "-sha256", "-sign", self.path, *pss, data=data)
        if self.alg == "ES256":
            r, at = unsigned(signature, 2)
            s, _ = unsigned(signature, at)
            signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return signature


class Provider(Service):
    """claims: of whom signs in. wrong: what is done otherwise, by name: claims (added; None removes), header, key (signs),
    none, hs256, cut, discovery, jwks, token (status, body), delay, code, iss."""

    client_id, secret = "larder", "s3cret/with+odd=signs"

    def __init__(self, claims=None, alg="RS256", public=False):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="larder-oidc-"))
        self.key = Key(self.folder, "k1", alg)
        self.keys = [self.key]
        self.claims = {"sub": "u-1001", "email": "cook@kitchen.example", "groups": ["staff"], **(claims or {})}
        self.public, self.wrong, self.codes, self.calls = public, {}, {}, []
        self.authorized = []  # queries of the sign-in page
        self.tokens = []
        super().__init__()
        self.issuer = self.url

    def close(self):
        super().close()
        shutil.rmtree(self.folder)

    def answer(self, method, path, headers, body):
        url = urllib.parse.urlsplit(path)
        self.calls.append(url.path)
        name = url.path.rsplit("/", 1)[-1]
        time.sleep(self.wrong.get("delay", {}).get(name, 0))
        if name == "authorize":
            return 302, {"Location": self.authorize(dict(urllib.parse.parse_qsl(url.query)))}, b""
        if name == "token":
            form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
            status, found = self.token(form, headers.get("authorization", ""))
        elif name == "jwks":
            status, found = self.wrong.get("jwks", (200, {"keys": [k.jwk() for k in self.keys]}))
        elif name == "openid-configuration":
            status, found = self.wrong.get("discovery", (200, self.discovery()))
        else:
            status, found = 404, {}
        return status, {}, found

    def settings(self, **more):
        found = {"oidc_issuer": self.issuer, "oidc_client_id": self.client_id,
                 "oidc_roles": "staff = viewer, leads = manager, owners = admin, east = contributor: east", **more}
        if not self.public:
            path = self.folder / "secret"
            path.write_text(self.secret + "\n")
            found["oidc_client_secret_file"] = path
        return found

    def discovery(self):
        return {"issuer": self.issuer, "authorization_endpoint": self.issuer + "/authorize", "token_endpoint": self.issuer + "/token",
                "jwks_uri": self.issuer + "/jwks", "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "ES256", "PS256"],
                "authorization_response_iss_parameter_supported": True, **self.wrong.get("discovery_more", {})}

    def authorize(self, query):
        self.authorized.append(query)
        assert query["response_type"] == "code" and query["code_challenge_method"] == "S256" and query["client_id"] == self.client_id
        assert "openid" in query["scope"].split() and len(query["state"]) >= 22 and len(query["nonce"]) >= 22
        code = secrets.token_urlsafe(24)
        self.codes[code] = query
        back = {"code": code, "state": query["state"], "iss": self.issuer, **self.wrong.get("back", {})}
        return query["redirect_uri"] + "?" + urllib.parse.urlencode({k: v for k, v in back.items() if v is not None})

    def token(self, form, authorization):
        if "token" in self.wrong:
            return self.wrong["token"]
        if self.public:
            known = form.get("client_id") == self.client_id and not authorization
        else:
            pair = f"{urllib.parse.quote(self.client_id, safe='')}:{urllib.parse.quote(self.secret, safe='')}"
            known = authorization == "Basic " + base64.b64encode(pair.encode()).decode()
        if not known:
            return 401, {"error": "invalid_client"}
        query = self.codes.pop(form.get("code"), None)
        verifier = form.get("code_verifier", "")
        if not query or form.get("grant_type") != "authorization_code" or form.get("redirect_uri") != query["redirect_uri"] \
                or len(verifier) < 43 or b64(hashlib.sha256(verifier.encode()).digest()) != query["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        text = self.id_token(query["nonce"])
        self.tokens.append(text)
        return 200, {"access_token": "opaque", "token_type": "Bearer", "expires_in": 300, "id_token": text}

    def id_token(self, nonce):
        now, wrong = int(time.time()), self.wrong
        key = wrong.get("key", self.key)
        claims = {"iss": self.issuer, "aud": self.client_id, "iat": now, "exp": now + 300, "nonce": nonce, **self.claims,
                  **wrong.get("claims", {})}
        claims = {k: v for k, v in claims.items() if v is not None}
        header = {"alg": key.alg, "typ": "JWT", "kid": key.kid, **wrong.get("header", {})}
        header = {k: v for k, v in header.items() if v is not None}
        signed = b64(json.dumps(header).encode()) + "." + b64(json.dumps(claims).encode())
        if header["alg"] == "none":
            return signed + "."
        if header["alg"] == "HS256":
            return signed + "." + b64(hmac.new(self.key.public_pem, signed.encode(), hashlib.sha256).digest())
        signature = key.sign(signed.encode())
        if "altered" in wrong:  # the claims are exchanged after signing
            claims.update(wrong["altered"])
            signed = signed.split(".")[0] + "." + b64(json.dumps(claims).encode())
        return signed + "." + b64(signature)
