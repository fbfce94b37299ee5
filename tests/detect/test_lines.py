import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.detect.lines import Lines

TEXT = '''\
# [not.this]
[my.one]
about = "x"
filter = """a = 'b'
  entity = 'c'
[my.two]"""
entity = "actor"
'quoted key' = 1

[ my . two ]
settings = { min_bits = 3 }
about = """one line"""
says = "y"
[my.two.settings]
min_bits = 4
[[my.two.test]]
it = "a"
[[my.two.test]]
it = "b"
'''


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (["my.one"], 2),
        (["my.one", "about"], 3),
        (["my.one", "filter"], 4),
        (["my.one", "entity"], 7),
        (["my.two"], 10),
        (["my.two", "says"], 13),
        (["my.two", "settings"], 11),
        (["my.two", "settings", "min_bits"], 15),
        (["my.two", "test#1", "it"], 17),
        (["my.two", "test#2", "it"], 19),
        (["my.two", "test#2", "nothing"], 18),
        (["my.one", "nothing"], 2),
        (["my.three", "nothing"], 1),
        ([], 1),
    ],
)
def test_where_a_field_stands(names, line):
    assert Lines(TEXT).of(*names) == line


@pytest.mark.parametrize(("text", "line"), [("a = 1\nb = \n", 2), ("a = 1\na = 2", 2), ("\n[a", 2)])
def test_where_a_decoder_stumbled(text, line):
    with pytest.raises(tomllib.TOMLDecodeError) as error:
        tomllib.loads(text)
    assert Lines(text).of_error(str(error.value)) == line


@given(st.text(alphabet="ab.[]\"'=#\n ", max_size=60))
def test_no_text_is_too_odd_to_be_looked_at(text):
    assert 1 <= Lines(text).of("a.b", "a") <= text.count("\n") + 1
