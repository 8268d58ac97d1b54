# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pushes of metrics, read by the protocol's own parser (opentelemetry-proto). Run by run.py inside its environment:
otlp_parse.py FILE… with one request's body a file, oldest first. Prints `ok NAME` or `not ok NAME: why` for each test."""
import importlib.metadata
import pathlib
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

VERSION = importlib.metadata.version("opentelemetry-proto")
TESTS = []


def test(name):
    def add(function):
        TESTS.append((name, function))
        return function
    return add


def labels(point):
    return tuple((a.key, a.value.string_value) for a in point.attributes)


def metrics(request):
    return {m.name: m for r in request.resource_metrics for s in r.scope_metrics for m in s.metrics}


@test("every push is an ExportMetricsServiceRequest without a field that the protocol does not know")
def _(requests):
    assert len(requests) >= 2
    for request in requests:
        again = ExportMetricsServiceRequest.FromString(request.SerializeToString())
        assert again == request and len(metrics(request)) > 40, len(metrics(request))
        (resource,) = request.resource_metrics
        found = {a.key: a.value.string_value for a in resource.resource.attributes}
        assert found["service.name"] == "larder" and found["service.version"] and found["service.instance.id"], found


@test("sums are cumulative, monotonic and count from one start")
def _(requests):
    starts, last = set(), {}
    for request in requests:
        for m in metrics(request).values():
            if not m.HasField("sum"):
                continue
            assert m.sum.is_monotonic and m.sum.aggregation_temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
            for p in m.sum.data_points:
                starts.add(p.start_time_unix_nano)
                now = p.as_int if p.HasField("as_int") else p.as_double
                assert now >= last.get((m.name, labels(p)), 0), m.name
                assert p.start_time_unix_nano <= p.time_unix_nano
                last[(m.name, labels(p))] = now
    assert len(starts) == 1 and last[("larder_uploads_total", (("type", "md"), ("outcome", "accepted")))] == 1, last


@test("histograms have explicit bounds and counts that agree")
def _(requests):
    found = metrics(requests[-1])["larder_stage_seconds"]
    assert found.unit == "s" and found.histogram.data_points
    for p in found.histogram.data_points:
        assert len(p.bucket_counts) == len(p.explicit_bounds) + 1 and sum(p.bucket_counts) == p.count
    (one,) = [p for p in found.histogram.data_points if labels(p) == (("stage", "search"),)]
    assert one.count == 1 and 0 < one.sum < 60


@test("gauges have their units")
def _(requests):
    found = metrics(requests[-1])
    assert found["larder_disk_free_bytes"].unit == "By" and found["larder_disk_free_bytes"].gauge.data_points[0].as_double > 0
    assert found["process_resident_memory_bytes"].gauge.data_points[0].as_double > 1 << 20
    assert found["larder_memory_used_ratio"].unit == "1"


def main():
    failed, requests = 0, []
    for path in sys.argv[1:]:
        requests.append(json_format.Parse(pathlib.Path(path).read_bytes(), ExportMetricsServiceRequest()))
    for name, function in TESTS:
        try:
            function(requests)
            print(f"ok opentelemetry-proto {VERSION}, {name}")
        except Exception as error:  # noqa: BLE001 - every fault of a test is its result
            failed += 1
            print(f"not ok opentelemetry-proto {VERSION}, {name}: {type(error).__name__}: {error}"[:600])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
