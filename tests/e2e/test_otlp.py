# SPDX-License-Identifier: AGPL-3.0-or-later
"""Metrics pushed to a collector by OTLP over HTTP: what arrives, and what happens when a collector refuses, fails or is gone."""
import json
import pathlib
import shutil
import socket
import tempfile
import time

from harness import Server, until
from otlp_receiver import Collector, check


def pushing(collector, **more):
    return {"otlp_url": collector.url, "otlp_interval_seconds": 1, "watch_canary": "off", **more}


def push_check(server):
    return server.call("GET", "/health").json["checks"]["otlp:push"][0]


def pushed(server, outcome):
    for line in server.call("GET", "/metrics").body.decode().splitlines():
        if line.startswith(f'larder_otlp_pushes_total{{outcome="{outcome}"}} '):
            return int(line.split()[-1])


def value(metrics, name, **labels):
    return metrics[name][frozenset(labels.items())][1]


def test_pushed_metrics_are_those_of_the_metrics_page():
    collector = Collector()
    folder = pathlib.Path(tempfile.mkdtemp())
    headers = folder / "headers"
    headers.write_text("# of the collector\nX-Scope-OrgID: kitchen\nAuthorization: Basic bGFyZGVyOnNlY3JldA==\n")
    try:
        with Server(pushing(collector, otlp_headers_file=headers, otlp_service="larder-west")) as server:
            server.add("a.txt", b"The fryer is drained on Monday.\n")
            server.search("fryer")

            def complete():
                metrics = check(collector.got[-1].body)[1] if collector.got else {}
                return metrics.get("larder_searches_total", {}).get(frozenset({("outcome", "found")}), (0, 0))[1] and metrics
            metrics = until(complete, "a push with the search")
            assert value(metrics, "larder_uploads_total", type="txt", outcome="accepted") == 1
            assert value(metrics, "larder_documents_processed_total", type="txt", outcome="ready") == 1
            counts, seconds = value(metrics, "larder_stage_seconds", stage="search")
            assert sum(counts) == 1 and 0 < seconds < 10
            page = server.call("GET", "/metrics", headers={"Accept": "text/plain"}).body.decode()
            families = {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE")}
            latest = set(check(collector.got[-1].body)[1])
            assert families - latest <= {"larder_otlp_pushes_total"}, families ^ latest
            assert latest <= families, latest - families
            assert push_check(server)["status"] == "pass"
            assert pushed(server, "sent") >= 1 and pushed(server, "failed") == 0
            assert "bGFyZGVy" not in server.log_text()
        path, got, body = collector.got[0][1:]
        assert path == "/v1/metrics" and got["content-type"] == "application/json"
        assert got["x-scope-orgid"] == "kitchen" and got["authorization"].startswith("Basic ")
        resource = check(body)[0]
        assert resource["service.name"] == "larder-west" and resource["service.version"] and resource["service.instance.id"]
        # Sums never fall and always count from the same start.
        starts, before = set(), {}
        for pushed_one in collector.got:
            for name, points in check(pushed_one.body)[1].items():
                for labels, (kind, now_value, start, now) in points.items():
                    if kind == "gauge":
                        continue
                    starts.add(start)
                    number = now_value if kind == "sum" else sum(now_value[0])
                    was, then = before.get((name, labels), (0, 0))
                    assert number >= was and now > then, (name, labels)
                    before[(name, labels)] = (number, now)
        assert len(starts) == 1
    finally:
        collector.close()
        shutil.rmtree(folder)


def test_instance_keeps_its_name_over_a_restart_and_the_end_pushes_once_more():
    collector = Collector()
    data = tempfile.mkdtemp(prefix="larder-e2e-")
    try:
        names = set()
        for _ in range(2):
            with Server(pushing(collector), data=data):
                before = len(collector.got)
                until(lambda: len(collector.got) > before, "a push")
                names.add(check(collector.got[-1].body)[0]["service.instance.id"])
                seen = len(collector.got)
            assert len(collector.got) > seen  # the last state, at the stop
        assert len(names) == 1 and len(names.pop()) == 36
    finally:
        collector.close()
        shutil.rmtree(data)


def test_busy_collector_is_tried_again_when_it_said():
    collector = Collector([(503, {"Retry-After": "3"}, b""), (429, {}, b"")])
    try:
        with Server(pushing(collector)) as server:
            until(lambda: collector.got, "a push")
            until(lambda: push_check(server)["status"] == "warn", "the fault in /health", 5)
            until(lambda: len(collector.got) >= 4, "pushes after the refusals")
            assert pushed(server, "failed") == 0
            until(lambda: push_check(server)["status"] == "pass", "health again")
        times, bodies = [g.time for g in collector.got], [g.body for g in collector.got]
        assert times[1] - times[0] >= 2.9, times  # as Retry-After said
        assert bodies[0] == bodies[1] == bodies[2] != bodies[3]  # the same snapshot, then the next
    finally:
        collector.close()


def test_refused_snapshots_are_dropped_and_said_once():
    no = (400, {}, b'{"message": "no"}')
    collector = Collector([no] * 4)
    try:
        with Server(pushing(collector)) as server:
            until(lambda: len(collector.got) >= 4, "pushes")
            until(lambda: pushed(server, "failed") >= 3, "the failures as a metric")
            bodies = [g.body for g in collector.got]
            assert len(set(bodies)) == len(bodies)  # none is tried twice
            until(lambda: pushed(server, "sent") >= 1, "a push that is taken")
            log = server.log_text()
            assert log.count("otlp.refused") == 1 and "status 400" in log and log.count("otlp.answers_again") == 1
    finally:
        collector.close()


def test_partial_success_is_told_and_not_repeated():
    part = json.dumps({"partialSuccess": {"rejectedDataPoints": "3", "errorMessage": "too old"}}).encode()
    collector = Collector([(200, {}, part), (200, {}, part)])
    try:
        with Server(pushing(collector)) as server:
            until(lambda: len(collector.got) >= 4, "pushes")
            assert len({g.body for g in collector.got}) == len(collector.got)
            assert server.log_text().count("otlp.partly_refused") == 1
            assert push_check(server)["status"] == "pass"
    finally:
        collector.close()


def test_dead_or_silent_collector_harms_nobody():
    deaf = socket.create_server(("127.0.0.1", 0))  # takes connections and never answers
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        closed = s.getsockname()[1]
    try:
        for port, seconds in ((closed, 10), (deaf.getsockname()[1], 15)):
            settings = {"otlp_url": f"http://127.0.0.1:{port}/v1/metrics", "otlp_interval_seconds": 1, "watch_canary": "off"}
            with Server(settings) as server:
                server.add("a.txt", b"The fryer is drained on Monday.\n")
                found = until(lambda: push_check(server)["status"] == "warn" and push_check(server), "the fault in /health", seconds)
                assert str(port) in found["output"] and found["observedUnit"] == "seconds"
                assert server.call("GET", "/health").json["status"] == "warn"
                start = time.monotonic()
                assert server.search("fryer") and server.call("GET", "/readyz").status == 200
                assert time.monotonic() - start < 5
                stop = time.monotonic()
            assert time.monotonic() - stop < 8, "the stop waited for the collector"
    finally:
        deaf.close()


def test_collector_that_comes_later_gets_everything_counted():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with Server({"otlp_url": f"http://127.0.0.1:{port}/v1/metrics", "otlp_interval_seconds": 1, "watch_canary": "off"}) as server:
        server.search("fryer")
        until(lambda: push_check(server)["status"] == "warn", "the fault in /health")
        collector = Collector(port=port)
        try:
            until(lambda: collector.got and value(check(collector.got[-1].body)[1], "larder_searches_total", outcome="nothing") == 1,
                  "the search that was before", 40)
            until(lambda: push_check(server)["status"] == "pass", "health again")
        finally:
            collector.close()


def test_wrong_settings_end_the_start_with_a_sentence():
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / "headers").write_text("X-Key: fine\nno header at all\n")
    try:
        for settings, words in (({"otlp_url": "ftp://collector/v1/metrics"}, "otlp.url must be"),
                                ({"otlp_url": "http://127.0.0.1:1/v1/metrics", "otlp_headers_file": folder / "headers"}, "line 2"),
                                ({"otlp_url": "http://127.0.0.1:1/v1/metrics", "otlp_headers_file": folder / "none"}, "otlp.headers_file")):
            server = Server(settings)
            try:
                server.start(wait=False)
                assert server.process.wait(30) != 0
                assert words in server.log_text() and "no header at all" not in server.log_text(), server.log_text()
            finally:
                server.stop()
                shutil.rmtree(server.data, ignore_errors=True)
                server.log_path.unlink()
    finally:
        shutil.rmtree(folder)
