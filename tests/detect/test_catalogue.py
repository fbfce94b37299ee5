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


AFTER = '"country"\nsays'
MISTAKES = [
    # what is there, what stands there instead, the line and what is said of it
    ('about = "Somewhere new"', 'abuot = "x"', 5, "abuot: is no field; did you mean about?"),
    ('about = "Somewhere new"', 'colour = "x"', 5, "colour: is no field; there are: family,"),
    ('about = "Somewhere new"\n', "", 3, "my.country: lacks about"),
    ('"Somewhere new"', '" "', 5, "about: must not be empty"),
    ('"novelty"', '"novlty"', 4, "family: 'novlty' is no family; did you mean novelty?"),
    ('"novelty"', '"magic"', 4, "family: 'magic' is no family; there are: "),
    ('entity = "actor"', 'entity = "acter"', 7,
     "entity: 'acter' is nobody to speak about; did you mean actor?"),
    ('entity = "actor"', 'entity = "reason"', 7,
     "entity: 'reason' is nobody to speak about; there are: actor, src_ip, target,"),
    ('value = "country"\n', "", 3, "my.country: needs a value: the column that is compared"),
    ('value = "country"', 'value = "cuontry"', 8,
     "value: there is no column cuontry; did you mean country?"),
    ('value = "country"', 'value = "app + acton"', 8,
     "value: there is no column acton; did you mean action"),
    ("country is not null", "cuontry is not null", 6,
     "filter: there is no column cuontry; did you mean country?"),
    ("country is not null", "country = NL", 6,
     "filter: there is no column NL; text stands in single quotes: 'NL'"),
    ("country is not null", "outcome = success", 6,
     "filter: there is no column success; text stands in single quotes: 'success'"),
    ("country is not null", "outcome = 'succes'", 6,
     "filter: outcome is never 'succes'; it is one of success, failure, unknown"),
    ("country is not null", "category IN ('admin', 'auth')", 6,
     "filter: category is never 'auth'; it is one of authentication"),
    ("country is not null", "lwoer(country) = 'nl'", 6,
     "filter: there is no function lwoer; did you mean lower?"),
    ("country is not null", "hour_of_week + country > 3", 6,
     "filter: these types do not go together: +(SMALLINT, VARCHAR)"),
    ("country is not null", "hour_of_week = 'Monday'", 6,
     "filter: Could not convert string 'Monday' to INT16"),
    ("country is not null", "country is is", 6, 'filter: cannot be read as SQL at "is"'),
    ("country is not null", "country = 'NL", 6, "filter: a quote is opened and not closed"),
    ("country is not null", "country = 'NL' -- home", 6,
     "filter: cannot be read as SQL; take the comment (--) out"),
    ("country is not null", "raw.name = 'x'", 6,
     "filter: a part of the record is written raw ->> '$.name'"),
    ("country is not null", "true), (false", 6, "filter: must be one expression"),
    ("country is not null", "country", 6, "filter: must be a condition, such as"),
    ("country is not null", "count(*) > 3", 6, "filter: is about one act: it cannot count or sum"),
    (AFTER, '"country"\nunit = "week"\nsays', 9,
     "unit: must be one of act, session, day, got 'week'"),
    (AFTER, '"country"\npeers = "xyzzy"\nsays', 9, "peers: 'xyzzy' is no Activity column; columns"),
    (AFTER, '"country"\npeers = "departmnt"\nsays', 9,
     "peers: 'departmnt' is no Activity column; did you mean department?"),
    (AFTER, '"country"\nvalue_is = "cuntry"\nsays', 9,
     "value_is: 'cuntry' is no Activity column; did you mean country"),
    (AFTER, '"country"\nattack = ["1078"]\nsays', 9, "attack: '1078' is no technique id like"),
    (AFTER, '"country"\nattack = "T1078"\nsays', 9, "attack: must be a list"),
    (AFTER, '"country"\nweight = "much"\nsays', 9, "weight: must be a number from 0, got 'much'"),
    (AFTER, '"country"\nweight = -1\nsays', 9, "weight: must be a number from 0, got -1"),
    (AFTER, '"country"\nweight = nan\nsays', 9, "weight: must be a number from 0, got nan"),
    (AFTER, '"country"\nunit = 3\nsays', 9, "unit: must be text, got 3"),
    (AFTER, '"country"\nmark = "bytes"\nsays', 9, "mark: must be a condition"),
    (AFTER, '"country"\nmeasure = "app"\nsays', 9, "measure: must be a number, such as bytes"),
    ('"country is not null"', "true", 6, "filter: must be text, got True"),
    ('"from {value}"', '"from {vlaue}"', 9,
     "says: there is nothing called {vlaue}; did you mean value?"),
    ('"from {value}"', '"from {value.real}"', 9, "says: there is nothing called {value.real}"),
    ('"from {value}"', '"from {value"', 9, "says: cannot be read: expected '}'"),
    (AFTER, '"country"\nsettings = 3\nsays', 9, "settings: must be a table like { min_bits = 8 }"),
    (AFTER, '"country"\nsettings = { theta = 0 }\nsays', 9,
     "settings.theta: theta must be above 0"),
    (AFTER, '"country"\nsettings = { min_bit = 3 }\nsays', 9,
     "settings.min_bit: is no setting of novelty; did you mean min_bits? Its settings, with their "
     "defaults: half_life_days 180, theta 1, discount 0.5, min_bits 8,"),
    (AFTER, '"country"\nsettings = { min_bits = "3" }\nsays', 9,
     "settings.min_bits: must be a number, got '3'"),
    (AFTER, '"country"\nsettings = { min_bits = inf }\nsays', 9,
     "settings.min_bits: must be a number, got inf"),
    ('says = "from {value}"', 'says = "from"\n[my.country.settings]\n\nmin_bit = 3', 12,
     "settings.min_bit: is no setting of novelty"),
    (AFTER, '"country"\ntest = 3\nsays', 9, "test: must be tables of their own"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "message"), MISTAKES, ids=lambda m: str(m)[:30])
def test_a_mistake_is_named_with_file_line_and_what_was_meant(tmp_path, old, new, line, message):
    assert GOOD.count(old) == 1
    file = written(tmp_path, GOOD.replace(old, new)) / "mine.toml"
    with pytest.raises(ConfigError) as told:
        catalogue.read(file)
    assert str(told.value).startswith(f"{file}:{line}: my.country")
    assert message in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("\n[my.country", 2, "not valid TOML"),
        ("a = 1\na = 2", 2, "not valid TOML: Cannot overwrite"),
        ("\nmy = 3", 2, r"my: must be a table of detectors: \[my.name\]"),
        ("[my]\ncountry = 3", 1, r"my: must be a table of detectors: \[my.name\]"),
        (GOOD + "\n[my.country.more]\na = 3", 11, r"my.country.more: is no field"),
    ],
)
def test_a_file_of_another_shape_is_named(tmp_path, text, line, message):
    with pytest.raises(ConfigError, match=rf"mine\.toml:{line}: {message}"):
        catalogue.load([written(tmp_path, text)])


def test_all_mistakes_of_a_file_are_found_and_the_rest_can_be_used(tmp_path):
    text = GOOD + GOOD.replace("my.country", "my.two").replace('"novelty"', '"magic"')
    text += GOOD.replace("my.country", "my.three").replace('"actor"', '"nobody"')
    detectors, mistakes = catalogue.checked(written(tmp_path, text) / "mine.toml")
    assert [d.name for d in detectors] == ["my.country"]
    assert [str(m).split(": ")[1] for m in mistakes] == ["my.two.family", "my.three.entity"]
    assert (
        catalogue.checked(tmp_path / "nowhere.toml")[1][0]
        .args[0]
        .endswith("nowhere.toml: cannot be read: No such file or directory")
    )


def test_the_same_name_twice_in_one_folder_is_no_matter_of_luck(tmp_path):
    written(tmp_path, GOOD, "a.toml")
    written(tmp_path, GOOD, "b.toml")
    with pytest.raises(
        ConfigError, match=r"b\.toml:3: my\.country: stands in \S+a\.toml:3 as well"
    ):
        catalogue.load([tmp_path])


def test_a_file_that_is_not_text_is_named(tmp_path):
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"mine\.toml:1: not valid TOML: .*save it as UTF-8"):
        catalogue.load([tmp_path])
