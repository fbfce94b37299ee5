import pyarrow as pa

from wheeltapper import finding
from wheeltapper.refine.unpack import unpacked


def test_evidence_is_unpacked_and_what_is_missing_is_null():
    rows = [{"detector": "x", "evidence": text} for text in ('{"value": "a", "new": 1}', "{}")]
    frame = unpacked(pa.Table.from_pylist(rows, finding.SCHEMA))
    assert frame["value"].to_list() == ["a", None]
    assert frame["features"].to_list() == [None, None]


def test_what_a_model_leaves_is_read():
    text = (
        '{"title": "x", "features": [{"feature": "kib", "what": "KiB moved", "observed": 12, '
        '"usual": 0.5}]}'
    )
    frame = unpacked(pa.Table.from_pylist([{"detector": "m", "evidence": text}], finding.SCHEMA))
    assert frame["features"].to_list() == [[{"what": "KiB moved", "observed": 12.0, "usual": 0.5}]]
