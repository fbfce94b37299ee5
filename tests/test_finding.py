import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pytest

from wheeltapper.finding import SCHEMA, Finding, from_table

FINDING = Finding(
    detector="cloudtrail.new_action",
    entity_type="actor",
    entity="ana",
    time=datetime(2026, 5, 18, 11, 57, 50, 123456, tzinfo=UTC),
    bits=12.5,
    llr=3.25,
    observed=1.0,
    expected=0.0,
    baseline_n=420,
    event_ids=("00ff",),
    attack=("T1552",),
    evidence={"value": "GetSecretValue", "peers": 2},
)


def row_of(finding):
    return finding.to_dict() | {
        "time": finding.time,
        "event_ids": [bytes.fromhex(id) for id in finding.event_ids],
        "evidence": json.dumps(finding.evidence),
    }


def test_a_row_becomes_a_finding_and_its_words_are_the_columns():
    table = pa.Table.from_pylist([row_of(FINDING)], schema=SCHEMA)
    (found,) = from_table(table)
    assert found == FINDING
    assert list(found.to_dict()) == SCHEMA.names


def test_columns_beside_the_schema_are_left_out():
    table = pa.Table.from_pylist([row_of(FINDING)], schema=SCHEMA)
    assert from_table(table.append_column("step", pa.array(["1"]))) == [FINDING]


def test_a_rule_without_techniques_and_evidence_is_read():
    row = row_of(FINDING) | {"attack": None, "evidence": None}
    (found,) = from_table(pa.Table.from_pylist([row], schema=SCHEMA))
    assert (found.attack, found.evidence) == ((), {})


def test_it_goes_through_json_unchanged():
    assert json.loads(json.dumps(FINDING.to_dict())) == FINDING.to_dict()


def test_a_finding_without_an_event_is_refused():
    with pytest.raises(ValueError, match=r"cloudtrail\.new_action about 'ana' has no event"):
        dataclasses.replace(FINDING, event_ids=())


def test_its_id_is_what_it_states_and_not_how_odd_that_is():
    assert dataclasses.replace(FINDING, bits=1.0, llr=0.0, expected=9.0).id == FINDING.id
    assert len(FINDING.id) == 16


@pytest.mark.parametrize(
    "change",
    [
        {"detector": "cloudtrail.new_app"},
        {"entity_type": "target"},
        {"entity": "kim"},
        {"time": FINDING.time + timedelta(microseconds=1)},
        {"event_ids": ("00ff", "0100")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_statement_has_another_id(change):
    assert dataclasses.replace(FINDING, **change).id != FINDING.id


def test_parts_of_an_id_do_not_run_together():
    a = dataclasses.replace(FINDING, entity_type="ab", entity="c")
    b = dataclasses.replace(FINDING, entity_type="a", entity="bc")
    assert a.id != b.id


def test_a_row_read_back_has_the_id_it_was_made_with():
    here = FINDING.time.astimezone(timezone(timedelta(hours=2)))
    table = pa.Table.from_pylist([row_of(dataclasses.replace(FINDING, time=here))], schema=SCHEMA)
    assert from_table(table)[0].id == FINDING.id
