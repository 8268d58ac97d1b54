# SPDX-License-Identifier: AGPL-3.0-or-later
"""A collector as far as tests need one: takes OTLP over HTTP in JSON, answers as it is told, remembers what came. check() reads
a request strictly by opentelemetry-proto's metrics.proto and the JSON encoding of OTLP, with the standard library only."""
import json
import math
import time

from harness import Receiver


class Collector(Receiver):
    path = "/v1/metrics"

    def __init__(self, answers=(), delay=0, port=0):
        self.delay = delay
        super().__init__(answers, port)

    def answer(self, method, path, headers, body):
        found = super().answer(method, path, headers, body)
        time.sleep(self.delay)
        return found


def only(value, required, optional=()):
    assert isinstance(value, dict), value
    assert set(required) <= set(value) <= set(required) | set(optional), sorted(value)
    return value


def int64(text):
    assert isinstance(text, str) and text.lstrip("-").isdigit(), text  # 64-bit numbers are strings
    return int(text)


def number(value):
    assert isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value), value
    return value


def attributes(values):
    found = {}
    for one in values:
        only(one, ("key", "value"))
        only(one["value"], ("stringValue",))
        assert isinstance(one["value"]["stringValue"], str) and one["key"] not in found, one
        found[one["key"]] = one["value"]["stringValue"]
    return found


def points_of(metric):
    """{labels: (kind, value, start, time)}; labels as a frozenset of pairs."""
    kind = next(k for k in ("sum", "gauge", "histogram") if k in metric)
    only(metric, ("name", "description", "unit", kind))
    data = only(metric[kind], ("dataPoints",), () if kind == "gauge" else ("aggregationTemporality", "isMonotonic")[:1 + (kind == "sum")])
    if kind != "gauge":
        assert data["aggregationTemporality"] == 2, metric["name"]  # the number, never the name
    if kind == "sum":
        assert data["isMonotonic"] is True, metric["name"]
    found = {}
    for p in data["dataPoints"]:
        labels = frozenset(attributes(p["attributes"]).items())
        assert labels not in found, (metric["name"], labels)
        start = int64(p["startTimeUnixNano"]) if kind != "gauge" else None
        now = int64(p["timeUnixNano"])
        if kind == "histogram":
            only(p, ("attributes", "startTimeUnixNano", "timeUnixNano", "bucketCounts", "explicitBounds", "count", "sum"))
            counts, bounds = [int64(c) for c in p["bucketCounts"]], [number(b) for b in p["explicitBounds"]]
            assert len(counts) == len(bounds) + 1 and bounds == sorted(set(bounds)) and min(counts) >= 0
            assert sum(counts) == int64(p["count"]), metric["name"]
            value = (tuple(counts), number(p["sum"]))
        else:
            one = "asInt" if "asInt" in p else "asDouble"
            only(p, ("attributes", "timeUnixNano", one), ("startTimeUnixNano",) if kind == "sum" else ())
            value = int64(p[one]) if one == "asInt" else number(p[one])
            assert kind == "gauge" or value >= 0
        assert start is None or start <= now
        found[labels] = (kind, value, start, now)
    assert found, metric["name"]  # a metric without points is not sent
    return found


def check(body):
    """(resource attributes, {name: points}) of an ExportMetricsServiceRequest."""
    request = only(json.loads(body), ("resourceMetrics",))
    (resource,) = request["resourceMetrics"]
    only(resource, ("resource", "scopeMetrics"))
    (scope,) = resource["scopeMetrics"]
    only(scope, ("scope", "metrics"))
    only(scope["scope"], ("name", "version"))
    metrics = {}
    for metric in scope["metrics"]:
        assert metric["name"] not in metrics, metric["name"]
        metrics[metric["name"]] = points_of(metric)
    return attributes(only(resource["resource"], ("attributes",))["attributes"]), metrics
