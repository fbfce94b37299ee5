import json

import numpy as np
import pyarrow as pa
from judging import SECRET, detector

from wheeltapper import finding
from wheeltapper.detect.family import FIELDS, Hits
from wheeltapper.detect.findings import findings_of
from wheeltapper.detect.prepare import prepare
from wheeltapper.testing import activities, activity

HOSTILE = 'a"b\\\n\r\u2028{"family": 1}\x00'


def hits(*rows):
    numbers = [np.arange(len(rows)) + 0.123456 + i for i in range(1, FIELDS)]
    return Hits(np.array(rows, np.int64), *numbers)


def table():
    acts = activities(
        activity("kim" if i % 2 else "lee", minutes=i, action=HOSTILE, target=f"t{i}",
                 session=None, country="NL", src_ip="10.0.0.1", peer_group="red")
        for i in range(6)
    )  # fmt: skip
    # Two chunks whose dictionaries differ.
    pieces = [
        pa.table(
            [c.dictionary_encode() if c.type == pa.string() else c for c in piece.columns],
            names=acts.column_names,
        )
        for piece in (acts[:2], acts[2:])
    ]
    return acts, pa.concat_tables(pieces)


def test_findings_say_what_was_hit_in_order_of_acts_and_detectors():
    one = detector("novelty", name="b", value="action + target", attack=("T1078",))
    other = detector("novelty", name="a", value="upper(country)", peers="", unit="day")
    none = detector("rate", name="c", value="")
    detectors = [one, other, none]
    for acts in table():
        prepared = prepare(acts, detectors, SECRET)
        said = [(one, hits(1, 4)), (other, hits(4, 5)), (none, hits(0)), (none, hits())]
        found = findings_of(said, prepared)
        assert found.schema == finding.SCHEMA
        rows = found.to_pylist()
        assert [(r["detector"], r["time"], r["event_ids"]) for r in rows] == [
            (name, acts["time"][i].as_py(), [acts["event_id"][i].as_py()])
            for name, i in (("c", 0), ("b", 1), ("a", 4), ("b", 4), ("a", 5))
        ]
        assert [r["entity"] for r in rows] == ["lee", "kim", "lee", "lee", "kim"]
        assert [r["attack"] for r in rows] == [[], ["T1078"], [], ["T1078"], []]
        assert [r["bits"] for r in rows] == [1.123456, 1.123456, 1.123456, 2.123456, 2.123456]
        evidence = [json.loads(r["evidence"]) for r in rows]
        assert [e.get("value") for e in evidence] == [
            None, f"{HOSTILE} t1", "NL", f"{HOSTILE} t4", "NL",
        ]  # fmt: skip
        # What is not known, here the session, is left out.
        assert list(evidence[1].items()) == [
            ("family", "novelty"), ("unit", "act"), ("peers", 6.1235), ("of_peers", 7.1235),
            ("before", 9.1235), ("since_day", 8), ("value", f"{HOSTILE} t1"), ("app", "app"),
            ("action", HOSTILE), ("source", "test"), ("target", "t1"), ("src_ip", "10.0.0.1"),
            ("outcome", "success"), ("peer_group", "red"),
        ]  # fmt: skip
        assert "peer_group" not in evidence[2]


def test_nothing_hit_is_no_finding():
    acts, _ = table()
    one = detector("novelty")
    found = findings_of([(one, hits())], prepare(acts, [one], SECRET))
    assert found.equals(finding.SCHEMA.empty_table())
