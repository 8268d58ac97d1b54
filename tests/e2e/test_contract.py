# SPDX-License-Identifier: AGPL-3.0-or-later
"""Answers are of the status and type that /v1/openapi.json names for them; tools/schemathesis asks at length."""
import fnmatch
import re

from harness import Server, sample

BAD_ENCODING = "%C2%85%12"


def operation_of(spec, method, path):
    for pattern, operations in spec["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", pattern), path.split("?")[0]) and method.lower() in operations:
            return operations[method.lower()]
    raise AssertionError(f"{method} {path} is not in the document")


def conforms(server, spec, method, path, body=None, headers=None):
    reply = server.call(method, path, body, headers)
    answers = operation_of(spec, method, path)["responses"]
    assert str(reply.status) in answers, (method, path, reply.status, sorted(answers), reply.body[:200])
    media = reply.headers.get("content-type", "").split(";")[0]
    named = answers[str(reply.status)].get("content", {})
    assert not reply.body or any(fnmatch.fnmatch(media, one) for one in named), (method, path, reply.status, media, list(named))
    return reply


def test_answers_are_those_of_the_contract():
    with Server() as server:
        spec = server.call("GET", "/v1/openapi.json").json
        pdf, md = (server.add(name, sample(name))["id"] for name in ("fryer-manual.pdf", "shift-handover.md"))
        for one in (pdf, md):
            assert conforms(server, spec, "GET", f"/v1/documents/{one}/original").status == 200
        for pattern, operations in spec["paths"].items():
            if "{" in pattern:
                for method in operations:
                    path = re.sub(r"\{[^}]+\}", BAD_ENCODING, pattern)
                    assert conforms(server, spec, method.upper(), path, {} if method in ("post", "patch") else None).status == 400
        assert conforms(server, spec, "POST", "/v1/ask", {"question": "x" * 2500}).status == 413
        streamed = conforms(server, spec, "POST", "/v1/ask", {"question": "How is the fryer cleaned?", "stream": True})
        assert (streamed.status, streamed.headers["content-type"].split(";")[0]) == (200, "text/event-stream")
        assert conforms(server, spec, "GET", "/v1/models/other").status == 404
        assert conforms(server, spec, "POST", "/v1/chat/completions", {"model": "other", "messages": []}).status == 404
        assert conforms(server, spec, "DELETE", "/mcp").status == 400
        assert conforms(server, spec, "GET", "/v1/session/oidc/callback").status == 404
        for path in ("/livez", "/v1/openapi.json", "/metrics"):
            assert conforms(server, spec, "GET", path + "?x=%zz").status == 400
        assert conforms(server, spec, "POST", "/mcp", {"jsonrpc": "2.0", "id": "", "method": ""}).status == 400
        assert conforms(server, spec, "POST", "/mcp", {"jsonrpc": "2.0", "method": "notifications/initialized"}).status in (202, 400)
        for path in ("/v1/events?limit=", "/v1/conversations?limit=", "/v1/documents?limit=1&limit=", "/v1/documents?offset="):
            reply = server.call("GET", path)
            assert reply.status in (200, 400) and (reply.status == 400) == path.endswith("?limit="), (path, reply.status)
        made = conforms(server, spec, "POST", "/v1/keys", {"name": "n", "role": None, "quota_documents": None, "quota_bytes": None,
                                                           "partitions": None, "scopes": None})
        assert made.status == 201
        wish = spec["components"]["schemas"]["KeyRequest"]["properties"]
        assert all("null" in wish[name]["type"] for name in ("quota_documents", "quota_bytes", "expires_in_days", "partitions", "scopes"))


def test_another_method_is_refused_with_the_methods_that_are_there():
    with Server() as server:
        spec = server.call("GET", "/v1/openapi.json").json
        for pattern, operations in spec["paths"].items():
            path = re.sub(r"\{[^}]+\}", "x", pattern)
            expected = {m.upper() for m in operations} | {"OPTIONS"} | ({"HEAD"} if "get" in operations else set())
            for method in {"TRACE", "QUERY", "PUT", "GET", "DELETE"} - {m.upper() for m in operations}:
                reply = server.call(method, path)
                assert reply.status == 405, (method, path, reply.status)
                assert set(reply.headers["allow"].split(", ")) == expected, (method, path, reply.headers["allow"])
        assert server.call("GET", "/v1/nothing").status == 404
        assert server.call("BREW", "/v1/documents").status == 405
