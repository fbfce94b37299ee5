"""What holds for every packaged mapping, whoever wrote it."""

from pathlib import Path

import pytest

from wheeltapper.activity import ACTOR_TYPES, CATEGORIES, OUTCOMES
from wheeltapper.ingest import Sources
from wheeltapper.ingest.mapper import database
from wheeltapper.ingest.projection import statement

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "log-sources.md"
MAPPINGS = Sources.load().mappings
ALLOWED = {"category": CATEGORIES, "outcome": OUTCOMES, "actor_type": ACTOR_TYPES}


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda mapping: mapping.name)
class TestEverySource:
    def test_stands_in_the_reference(self, mapping):
        assert f"| `{mapping.name}` |" in PAGE.read_text(encoding="utf-8")

    def test_says_only_words_that_detectors_know(self, mapping):
        for column, allowed in ALLOWED.items():
            said = set()
            for way in mapping.fields.get(column, ()):
                said |= {way.const, way.default, *(way.map or {}).values()} - {None}
            for pattern in mapping.lines.patterns if mapping.lines else ():
                said |= {pattern.set[column]} if column in pattern.set else set()
            assert said <= set(allowed)

    def test_says_who_and_what(self, mapping):
        assert {"time", "actor", "action"} <= set(mapping.fields)

    def test_its_statement_runs_on_nothing_and_on_an_empty_record(self, mapping):
        own = database()
        own.execute("create table batch (number bigint, raw varchar, changed timestamptz)")
        sql = statement(mapping, timezone="Europe/Amsterdam", year=2024)
        assert own.sql(sql).to_arrow_table().num_rows == 0
        own.execute("insert into batch values (0, '{}', null), (1, '{\"a\": [1]}', null)")
        assert own.sql(sql).to_arrow_table().num_rows == 2


def test_the_reference_names_no_source_that_is_not_there():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    named = {line.split("`")[1] for line in lines if line.startswith("| `")}
    assert named == {mapping.name for mapping in MAPPINGS}
