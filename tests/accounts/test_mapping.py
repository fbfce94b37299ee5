import pytest

from wheeltapper.accounts import mapping
from wheeltapper.errors import ConfigError, WheeltapperError

GOOD = """
[accounts]
file = "a.csv"
id = "id"
created = "made"
"""


def load(folder, text):
    (folder / "accounts.toml").write_text(text)
    return mapping.load(folder)


def test_sections_become_parts_that_read_their_table(tmp_path):
    (tmp_path / "a.csv").write_text("id,made\nx,2026-01-01T00:00:00Z\n")
    parts = load(
        tmp_path, GOOD + '[[acts]]\nfile="b.csv"\nkind="k"\naccount="a"\ntarget="t"\ntime="w"'
    )
    part = parts["accounts"][0]
    assert part.column(part.frame(), "id").to_list() == ["x"]
    assert parts["acts"][0].named["kind"] == "k"
    assert parts["labels"] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"no \[accounts\]"),
        ("[accounts", "not valid TOML"),
        (GOOD.replace('id = "id"', ""), "id missing"),
        (GOOD + 'colour = "red"', "colour missing or unknown"),
        (GOOD + "[things]\n", "unknown section things"),
        (GOOD.replace("a.csv", "../a.csv"), "outside its folder"),
        (GOOD + '[[reports]]\nfile="r.csv"\n[[reports]]\nfile="s.csv"', r"one \[reports\]"),
    ],
)
def test_a_mistake_is_told_with_its_section(tmp_path, text, said):
    with pytest.raises(ConfigError, match=said):
        load(tmp_path, text)


def test_a_folder_without_the_file_and_a_table_without_the_column_say_so(tmp_path):
    with pytest.raises(ConfigError, match=r"no accounts\.toml"):
        mapping.load(tmp_path)
    (tmp_path / "a.csv").write_text("name\nx\n")
    part = load(tmp_path, GOOD)["accounts"][0]
    with pytest.raises(WheeltapperError, match="no column 'id'"):
        part.column(part.frame(), "id")
    (tmp_path / "a.csv").unlink()
    with pytest.raises(WheeltapperError, match="cannot be read"):
        part.frame()
