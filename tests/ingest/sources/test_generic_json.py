"""JSON and CSV of no known kind, told by the usual names of their fields."""

import pytest

from ingest.sources.conftest import NOW
from wheeltapper import config
from wheeltapper.ingest import read


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (
            {"timestamp": "2026-03-02T09:00:00+01:00", "user": {"email": "Kim@Example.com"}},
            {"actor": "kim@example.com", "utc_offset": 60},
        ),
        ({"ts": 1772438400, "username": "kim", "event": "login", "success": False},
         {"actor": "kim", "action": "login", "category": "authentication", "outcome": "failure"}),
        ({"@timestamp": "2026-03-02T09:00:00Z", "actor": "kim", "ip": "192.0.2.1:50123"},
         {"actor": "kim", "src_ip": "192.0.2.1"}),
        ({"created_at": 1772438400000, "status": "201"}, {"outcome": "success"}),
        ({"created_at": 1772438400000, "status": "503"}, {"outcome": "failure"}),
        ({"created_at": 1772438400000, "status": "open"}, {"outcome": "unknown"}),
        ({"created_at": 1772438400000, "result": "Denied", "reason": "no"},
         {"outcome": "failure", "reason": "no"}),
        ({"time": "2026-03-02", "resource": {"name": "x", "type": "page"}, "bytes": 12},
         {"target": "x", "target_type": "page", "bytes": 12}),
    ],
)  # fmt: skip
def test_usual_names(activities, record, expected):
    [act] = activities(record)
    assert act.items() >= expected.items()
    assert act["source"] == "generic_json"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table(tmp_path, delimiter):
    path = tmp_path / "log.csv"
    rows = [("Time", "User", "Action", "IP"), ("2026-03-02 09:00:00", "kim", "open", "192.0.2.1")]
    path.write_text("".join(delimiter.join(row) + "\n" for row in rows))
    [batch] = read([path], settings=config.Ingest(), now=NOW)
    [act] = batch.activities.to_pylist()
    assert (act["actor"], act["action"], act["src_ip"]) == ("kim", "open", "192.0.2.1")
    assert (
        act["raw"] == '{"Time":"2026-03-02 09:00:00","User":"kim","Action":"open","IP":"192.0.2.1"}'
    )
