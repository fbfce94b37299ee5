import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.powershell.lexer import lex

CODE = st.text(st.sampled_from("ab'\"`#<>@$+(){}\n \t‘”0"), max_size=80)


@given(CODE)
def test_what_is_rendered_is_what_came_but_for_needless_escapes(text):
    skeleton, literals = lex(text)
    if "`" not in text:
        assert literals.render(skeleton) == text


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("'it''s'", ["it's"]),
        ('"a`nb"', ["a\nb"]),
        ('"do`wnload"', ["download"]),
        ('"$name"', []),
        ('"costs $ 5"', ["costs $ 5"]),
        ("‘smart’", ["smart"]),
        ("# it's a remark\n'x'", ["x"]),
        ("<# don't #> 'x'", ["x"]),
        ("a#b 'x'", ["x"]),
        ("@'\nit's\n'@", ["it's"]),
        ("'never closed", []),
    ],
)
def test_values_of_strings(text, values):
    assert lex(text)[1].values == values


def test_marks_in_the_text_are_not_taken_for_ours():
    skeleton, literals = lex("\ue000" + "7\ue001 'x'")
    assert literals.render(skeleton) == "?7? 'x'"
    assert len(re.findall("\ue000", skeleton)) == 1
