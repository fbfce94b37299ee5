import re

import pytest

from wheeltapper.detect import catalogue
from wheeltapper.detect.family import families
from wheeltapper.errors import ConfigError

GOOD = """\
# a comment first, so that the entry is not on line 1

[my.country]
family = "novelty"
about = "Somewhere new"
filter = "country is not null"
entity = "actor"
value = "country"
says = "from {value}"
"""


def written(folder, text, name="mine.toml"):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return folder


def test_every_packaged_entry_loads_and_says_where_it_stands():
    detectors = catalogue.load()
    assert len(detectors) >= 12
    assert [d.name for d in detectors] == sorted(d.name for d in detectors)
    for d in detectors:
        file, line = d.file.rsplit(":", 1)
        lines = (catalogue.PACKAGED / file.rsplit("/", 1)[1]).read_text().splitlines()
        assert lines[int(line) - 1] == f"[{d.name}]"
        assert d.says
        assert d.about[0].isupper()


def test_every_family_has_a_packaged_entry():
    assert {d.family for d in catalogue.load()} == set(families())


def test_an_entry_of_a_users_own(tmp_path):
    (mine,) = catalogue.read(written(tmp_path, GOOD) / "mine.toml")
    assert (mine.name, mine.family, mine.columns) == ("my.country", "novelty", ("country",))
    assert mine.file == f"{tmp_path / 'mine.toml'}:3"
    assert mine.settings == families()["novelty"].settings()
    assert (mine.unit, mine.peers, mine.weight, mine.attack) == ("act", "peer_group", 1.0, ())


@pytest.mark.parametrize(
    ("value", "columns", "sql", "words_of"),
    [
        ("app + action", ("app", "action"), "concat_ws(' ', app, action)", "action"),
        ("target", ("target",), "concat_ws(' ', target)", "target"),
        ("lower(target)", (), "lower(target)", ""),
    ],
)
def test_a_value_is_columns_or_an_expression(tmp_path, value, columns, sql, words_of):
    text = GOOD.replace('value = "country"', f'value = "{value}"')
    (mine,) = catalogue.read(written(tmp_path, text) / "mine.toml")
    assert (mine.columns, mine.value_sql, mine.words_of) == (columns, sql, words_of)


def test_the_words_of_an_expression_can_be_named(tmp_path):
    text = GOOD.replace('value = "country"', 'value = "lower(target)"\nvalue_is = "target"')
    (mine,) = catalogue.read(written(tmp_path, text) / "mine.toml")
    assert mine.words_of == "target"


def test_a_users_entry_replaces_the_packaged_one_of_its_name(tmp_path):
    packaged = {d.name: d for d in catalogue.load()}
    text = GOOD.replace("my.country", "any.country")
    loaded = {d.name: d for d in catalogue.load([written(tmp_path, text)])}
    assert loaded.keys() == packaged.keys()
    assert loaded["any.country"].about == "Somewhere new"
    assert all(loaded[n] == packaged[n] for n in packaged if n != "any.country")


def test_the_last_folder_wins(tmp_path):
    first = written(tmp_path / "a", GOOD)
    second = written(tmp_path / "b", GOOD.replace("Somewhere new", "Elsewhere"))
    loaded = {d.name: d for d in catalogue.load([first, second])}
    assert loaded["my.country"].about == "Elsewhere"


def test_detectors_are_switched_off_by_name_and_by_beginning(tmp_path):
    folder = written(tmp_path, GOOD)
    names = {d.name for d in catalogue.load([folder])}
    assert {d.name for d in catalogue.load([folder], ["my.country"])} == names - {"my.country"}
    assert {d.name for d in catalogue.load([folder], ["any.*", "my.*"])} == {
        n for n in names if not n.startswith(("any.", "my."))
    }
    assert {d.name for d in catalogue.load([folder], ["my", "country", "my.c"])} == names
    assert catalogue.load([folder], ["*"]) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('about = "Somewhere new"', 'abuot = "x"', r"abuot is no field; there are: .*about"),
        ('about = "Somewhere new"\n', "", r"my.country lacks about"),
        ('"novelty"', '"novlty"', r"family 'novlty' is none of .*novelty"),
        ('entity = "actor"', 'entity = "reason"', r"entity 'reason' is none of actor, src_ip"),
        ('value = "country"', "", r"needs a value: the column that is compared"),
        ('value = "country"', 'value = "cuontry"', r'value: .*"cuontry".*docs/reference/activity'),
        ("country is not null", "cuontry is not null", r'filter: .*"cuontry".*SQL on Activity'),
        ("country is not null", "country is is", r"filter: Parser Error"),
        ("country is not null", "true), (false", r"filter must be one expression"),
        ('"country"\nsays', '"country"\nunit = "week"\nsays', r"unit must be one of act, session"),
        ('"country"\nsays', '"country"\npeers = "team"\nsays', r"peers 'team' is no Activity col"),
        ('"country"\nsays', '"country"\nattack = ["1078"]\nsays', r"'1078' is no technique id"),
        ('"country"\nsays', '"country"\nattack = "T1078"\nsays', r"attack must be a list"),
        ('"country"\nsays', '"country"\nweight = "much"\nsays', r"weight must be a number"),
        ('"country"\nsays', '"country"\nunit = 3\nsays', r"unit must be text"),
        ('"country is not null"', "true", r"filter must be text"),
        ('"country"\nsays', '"country"\nsettings = 3\nsays', r"settings must be a table"),
        ('"country"\nsays', '"country"\nsettings = { theta = 0 }\nsays', r"theta must be above 0"),
        (
            '"country"\nsays',
            '"country"\nsettings = { min_bit = 3 }\nsays',
            r"min_bit'; settings are: half_life_days, .*min_bits",
        ),
        (
            '"country"\nsays',
            '"country"\nsettings = { min_bits = "3" }\nsays',
            r"settings.*min_bits.*number",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_file_line_and_what_to_do(tmp_path, old, new, message):
    assert GOOD.count(old) == 1
    file = written(tmp_path, GOOD.replace(old, new)) / "mine.toml"
    with pytest.raises(ConfigError, match=f"^{re.escape(str(file))}:3: .*{message}"):
        catalogue.load([tmp_path])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[my.country", "not valid TOML"),
        ("my = 3", r"my must be a table of detectors: \[my.name\]"),
        ("[my]\ncountry = 3", r"my must be a table of detectors: \[my.name\]"),
    ],
)
def test_a_file_of_another_shape_is_named(tmp_path, text, message):
    with pytest.raises(ConfigError, match=rf"mine\.toml: {message}"):
        catalogue.load([written(tmp_path, text)])


def test_a_file_that_is_not_text_is_named(tmp_path):
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"mine\.toml: not valid TOML"):
        catalogue.load([tmp_path])
