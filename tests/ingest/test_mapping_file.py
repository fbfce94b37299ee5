import pytest

from wheeltapper.errors import ConfigError
from wheeltapper.ingest.mapping_file import load

GOOD = """\
name = "mine"
about = "Mine"
[detect]
has = ["$.who"]
[fields]
time = ["$.when"]
actor = ["$.who", { path = '$."a key"[0].x', lower = true }]
"""


def made(tmp_path, text: str):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return load(path)


def test_a_mapping_is_read(tmp_path):
    mapping = made(tmp_path, GOOD)
    assert (mapping.name, mapping.about) == ("mine", "Mine")
    first, second = mapping.fields["actor"]
    assert first.path is not None
    assert first.path.steps == ("who",)
    assert second.path is not None
    assert second.path.json_path == '$."a key"[0]."x"'
    assert second.path.of({"a key": [{"x": 3}]}) == 3
    assert second.path.of({"a key": []}) is None
    assert [place.json_path for place in mapping.unwrap][:2] == ["$", '$."event"']


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('"mine"', '"other"', 1, r"name: is 'other', but the file is mine\.toml; make them equal"),
        ('about = "Mine"', "about = 7", 2, r"about: must be a text in quotes, got 7"),
        ('about = "Mine"', 'abuot = "Mine"', 2, r"abuot: is not known here; there are: about, "),
        ('about = "Mine"', "about = ", 2, r"not valid TOML"),
        ('has = ["$.who"]', "", 3, r"detect: is empty: say what a record has"),
        ('has = ["$.who"]', 'has = "$.who"', 4, r"detect\.has: must be a list of texts"),
        ('has = ["$.who"]', 'has = ["who"]', 4, r"'who' is no path: write a path like \$\.user"),
        ('has = ["$.who"]', 'has = ["$.a[*]"]', 4, r"'\$\.a\[\*\]' is no path"),
        ('has = ["$.who"]', "line = '(a'", 4, r"detect\.line: not a regular expression: .*: \(a"),
        ('has = ["$.who"]', "line = '(?=a)'", 4, r"look-around is not possible here"),
        ('time = ["$.when"]', "", 5, r"fields: has no time: an Activity needs one"),
        (
            'time = ["$.when"]',
            'time = "$.when"',
            6,
            r"fields\.time: must be a list",
        ),
        ("actor =", "actr =", 7, r"fields\.actr: is not known here; there are: action, actor"),
        ("actor =", "raw =", 7, r"fields\.raw: is not known here"),
        ("lower = true", "lower = 1", 7, r"fields\.actor: must be true or false, got 1"),
        ("lower = true", "lover = true", 7, r"fields\.actor\.lover: is not known here"),
        ("lower = true", 'as = "number"', 7, r"as = 'number' is not known; there are: time, "),
        ("lower = true", 'const = "x"', 7, r"one of path, const, list, join"),
        ("lower = true", 'when = { path = "$.x" }', 7, r"a condition has a path and one of is"),
        ("lower = true", 'when = { path = "%x", exists = true }', 7, r"no group %x in \[lines\]"),
        ('"$.who",', '"@.who",', 7, r"@\.who needs an explode"),
        ('about = "Mine"', 'about = "Mine"\nunwrap = []', 3, r"unwrap: must name places"),
        ('about = "Mine"', 'about = "Mine"\nlines = 3', 3, r"lines: must be a table, got 3"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path, old, new, line, words):
    assert old in GOOD
    with pytest.raises(ConfigError, match=rf"mine\.toml:{line}: .*{words}"):
        made(tmp_path, GOOD.replace(old, new, 1))
