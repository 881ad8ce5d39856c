from prometheus_client import Counter, Gauge, Histogram

from ensilinja import metrics

LABELS = {"source", "known", "queue", "channel", "outcome", "op"}
UNITS = {
    "seconds",
    "operations",
    "entries",
    "requests",
    "frames",
    "sockets",
    "state",
    "rows",
    "events",
    "lines",
    "hooks",
}


def test_every_metric_is_named_by_noun_and_unit() -> None:
    names = [family.name for family in metrics.REGISTRY.collect()]

    assert names
    assert all(name.startswith("ensilinja_") for name in names)
    assert {name.rsplit("_", 1)[-1] for name in names} <= UNITS


def test_labels_never_name_a_person_or_an_id() -> None:
    kinds = (Counter, Gauge, Histogram)
    labels = {label for one in vars(metrics).values() if isinstance(one, kinds) for label in one._labelnames}

    assert "op" in labels
    assert labels <= LABELS


def test_request_is_counted_by_class_of_status() -> None:
    metrics.count_request("test.route", 404)

    assert b'ensilinja_requests_total{op="test.route",outcome="4xx"} 1.0' in metrics.render()


def test_queue_where_nobody_waits_has_no_series() -> None:
    metrics.line_state({("test_a", "chat"): (2, 61.5), ("test_b", "call"): (1, None)})
    shown = metrics.render()
    metrics.line_state({})

    assert b'ensilinja_oldest_waiting_seconds{channel="chat",queue="test_a"} 61.5' in shown
    assert b'ensilinja_waiting_entries{channel="call",queue="test_b"} 1.0' in shown
    assert b'queue="test_a"' not in metrics.render()


def test_job_state_without_jobs_is_not_shown() -> None:
    metrics.jobs_state({"dead": 1})
    metrics.jobs_state({"pending": 3})

    assert b'outcome="dead"' not in metrics.render()
