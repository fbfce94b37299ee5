import pytest

from wheeltapper.errors import ConfigError, WheeltapperError
from wheeltapper.ingest import Sources
from wheeltapper.ingest.mapper import Mapper
from wheeltapper.ingest.projection import statement

SOURCES = Sources.load()


def test_every_packaged_mapping_can_be_named_and_compiled():
    names = [mapping.name for mapping in SOURCES.mappings]
    assert len(names) == len(set(names)) > 15
    for name in names:
        assert statement(SOURCES.named(name), timezone="UTC", year=0)


def test_the_fallback_comes_last():
    assert [m.name for m in SOURCES.mappings if m.fallback] == ["generic_json"]
    assert SOURCES.mappings[-1].name == "generic_json"


def test_an_unknown_name_is_told_with_those_there_are():
    with pytest.raises(WheeltapperError, match=r"no log kind is called 'aws'; there are: .*okta"):
        SOURCES.named("aws")


@pytest.mark.parametrize(
    "record", [{}, {"a": 1}, [], 7, None, "text", {"line": "nothing"}, {"line": 7}, {"event": "x"}]
)
def test_what_is_of_no_kind(record):
    assert SOURCES.kind(record) is None


def test_a_record_inside_another_is_found():
    record = {"time": "2026-01-01", "user": "kim"}
    kind = SOURCES.kind({"rule": "x", "event": record})
    assert kind is not None
    assert (kind.mapping.name, kind.at.json_path) == ("generic_json", '$."event"')
    assert SOURCES.kind(record) != kind


def test_a_folder_that_is_not_there_adds_nothing(tmp_path):
    assert len(Sources.load(tmp_path / "none").mappings) == len(SOURCES.mappings)


def test_a_users_mapping_replaces_one_of_the_same_name(tmp_path):
    text = 'name = "okta"\nabout = "ours"\n[detect]\nhas = ["$.x"]\n[fields]\ntime = ["$.x"]\n'
    (tmp_path / "okta.toml").write_text(text)
    sources = Sources.load(tmp_path)
    assert sources.named("okta").about == "ours"
    assert sources.mappings[0].name == "okta"


def test_a_users_mistake_stops_before_anything_is_read(tmp_path):
    (tmp_path / "mine.toml").write_text('name = "mine"\nabout = "x"\n')
    with pytest.raises(ConfigError, match=r"mine\.toml:\d+: fields: has no time"):
        Sources.load(tmp_path)


def test_every_packaged_statement_runs():
    from datetime import UTC, datetime

    from wheeltapper.config import Ingest

    mapper = Mapper(Ingest(), now=datetime(2026, 1, 1, tzinfo=UTC), timezone="Europe/Amsterdam")
    for mapping in SOURCES.mappings:
        mapped = mapper.map(mapping, [], certain=True)
        assert mapped.activities.num_rows == 0
