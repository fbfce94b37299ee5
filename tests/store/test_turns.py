from casebook_contract import START

from wheeltapper.case import Turn
from wheeltapper.store import turns


def test_those_that_are_told_in_a_case_are_named_in_order():
    family = {"c": "a", "b": "a", "a": "a", "x": "x"}
    assert turns.formerly(family, "a") == ("b", "c")
    assert turns.formerly(family, "x") == ()


def test_a_turn_is_a_line_for_whoever_reads():
    split = Turn(what="split", case_id="b", other="a", at=START, why="which was judged malicious")
    assert split.said("b") == "split from case a: which was judged malicious"
    assert split.said("a") == "case b was split from it: which was judged malicious"
    assert split.said("c") == "case b: split from case a: which was judged malicious"
    assert Turn(what="joined", case_id="a", at=START, why="Kim left.").said("a") == (
        "grew: Kim left."
    )
    assert Turn(what="returned", case_id="a", at=START).said("a") == "arises again"
