"""The semantics of Sigma, one small rule each."""

import pytest
from sigma.rule import SigmaRule

from wheeltapper.detect.rules.match import Unsupported, compile_condition, matched
from wheeltapper.detect.rules.record import Field, Record, path


def field(name):
    return Field(name, (path(name),))


def tree(selection, condition="selection"):
    rule = SigmaRule.from_dict(
        {
            "title": "t",
            "logsource": {"product": "test"},
            "detection": {**selection, "condition": condition},
        }
    )
    known = {}
    return compile_condition(
        rule.detection.parsed_condition[0].parsed,
        lambda name: known.setdefault(name, field(name)),
    )


def holds(selection, record, condition="selection"):
    if condition == "selection":
        selection = {"selection": selection}
    return tree(selection, condition).holds(Record(record))


@pytest.mark.parametrize(
    ("selection", "record", "expected"),
    [
        # Text: case does not count, wildcards do, a backslash takes their meaning away.
        ({"a": "Whoami"}, {"a": "WHOAMI"}, True),
        ({"a|cased": "Whoami"}, {"a": "WHOAMI"}, False),
        ({"a|cased": "Who*"}, {"a": "Whoami"}, True),
        ({"a": "x"}, {"a": "xx"}, False),
        ({"a": "x*z"}, {"a": "x\ny\nz"}, True),
        ({"a": "x?z"}, {"a": "xyyz"}, False),
        ({"a": "x?z"}, {"a": "xyz"}, True),
        ({"a": r"x\*z"}, {"a": "xyz"}, False),
        ({"a": r"x\*z"}, {"a": "x*z"}, True),
        ({"a": r"C:\Windows\\*"}, {"a": r"C:\Windows\x"}, True),
        ({"a": r"C:\Windows\\\*"}, {"a": r"C:\Windows\x"}, False),
        ({"a": "a.c"}, {"a": "abc"}, False),
        ({"a": "a.c?"}, {"a": "abcd"}, False),
        ({"a": "*"}, {"a": ""}, True),
        ({"a": "*"}, {}, False),
        ({"a|contains": "b"}, {"a": "ABC"}, True),
        ({"a|startswith": "b"}, {"a": "ABC"}, False),
        ({"a|endswith": "c"}, {"a": "ABC"}, True),
        ({"a|contains": "a*c"}, {"a": "xxabcxx"}, True),
        ({"a": ["x", "y"]}, {"a": "y"}, True),
        ({"a|contains|all": ["x", "y"]}, {"a": "x"}, False),
        ({"a|contains|all": ["x", "y"]}, {"a": "yx"}, True),
        ({"a": "x", "b": "y"}, {"a": "x"}, False),
        ([{"a": "x"}, {"b": "y"}], {"b": "y"}, True),
        # Nothing: null is absent, and neither is the empty text.
        ({"a": None}, {}, True),
        ({"a": None}, {"a": None}, True),
        ({"a": None}, {"a": ""}, False),
        ({"a": ""}, {"a": ""}, True),
        ({"a": ""}, {}, False),
        ({"a|exists": True}, {"a": ""}, True),
        ({"a|exists": True}, {"a": None}, False),
        ({"a|exists": False}, {}, True),
        ({"a|neq": "x"}, {}, True),
        # Numbers and truth values, also where a record has them as text.
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": 1}, {"a": "1"}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": "1"}, {"a": 1}, True),
        ({"a": 1}, {"a": "01"}, False),
        ({"a": True}, {"a": "True"}, True),
        ({"a": "true"}, {"a": True}, True),
        ({"a|gte": 10}, {"a": "10"}, True),
        ({"a|gt": 10}, {"a": "9"}, False),
        ({"a|lt": 10}, {"a": "nine"}, False),
        ({"a|lt": 10}, {"a": True}, False),
        ({"a|lte": 1.5}, {"a": 1.5}, True),
        ({"a|lt": 1}, {"a": "9" * 400}, False),
        # Lists and paths.
        ({"a": "y"}, {"a": ["x", "y"]}, True),
        ({"a.b": "y"}, {"a": [{"b": "x"}, {"b": "Y"}]}, True),
        ({"a.b": "y"}, {"a.b": "y"}, True),
        ({"a.b.c": "y"}, {"a": {"b.c": "y"}}, True),
        ({"ThreatName": "y"}, {"Threat Name": "y"}, True),
        ({"a": "y"}, {"A": "y"}, True),
        ({"a": "y"}, {"A": "x", "a": "y"}, True),
        ({"p.to": "y"}, {"p": [{"Name": "To", "Value": "y"}]}, True),
        ({"p.to": "y"}, {"p": [{"Name": "From", "Value": "y"}]}, False),
        ({"a|contains": '"b":"c"'}, {"a": {"b": "c"}}, True),
        ({"a|contains|all": ["x", "y"]}, {"a": ["x", "y"]}, True),
        # Regular expressions keep case and are not anchored.
        ({"a|re": "b+"}, {"a": "abbc"}, True),
        ({"a|re": "B+"}, {"a": "abbc"}, False),
        ({"a|re|i": "B+"}, {"a": "abbc"}, True),
        ({"a|re": "^b"}, {"a": "a\nb"}, False),
        ({"a|re|m": "^b"}, {"a": "a\nb"}, True),
        ({"a|re": "a.b"}, {"a": "a\nb"}, False),
        ({"a|re|s": "a.b"}, {"a": "a\nb"}, True),
        # Addresses.
        ({"a|cidr": "10.0.0.0/8"}, {"a": "10.1.2.3"}, True),
        ({"a|cidr": "10.0.0.0/8"}, {"a": "11.1.2.3"}, False),
        ({"a|cidr": "10.0.0.0/8"}, {"a": "10.1.2.3.example.com"}, False),
        ({"a|cidr": "10.0.0.0/8"}, {"a": "::ffff:10.1.2.3"}, True),
        ({"a|cidr": "2001:db8::/32"}, {"a": "2001:DB8::1"}, True),
        ({"a|cidr": "2001:db8::/32"}, {"a": "10.1.2.3"}, False),
        # Encodings.
        ({"a|base64": "foobar"}, {"a": "Zm9vYmFy"}, True),
        ({"a|base64offset|contains": "foobar"}, {"a": "eGZvb2Jhcg=="}, True),
        ({"a|wide|base64offset|contains": "ping"}, {"a": "cABpAG4AZwAgAHgA"}, True),
        ({"a|contains|windash": " -enc"}, {"a": "powershell /enc"}, True),
        ({"a|contains|windash": " -enc"}, {"a": "powershell ―enc"}, True),
        ({"a|contains|windash": " -enc"}, {"a": "powershell enc"}, False),
        # Fields against fields.
        ({"a|fieldref": "b"}, {"a": "X", "b": "x"}, True),
        ({"a|fieldref": "b"}, {"a": "X"}, False),
        ({"a|fieldref": "b"}, {}, False),
        ({"a|fieldref|startswith": "b"}, {"a": "xy", "b": "x"}, True),
        ({"a|fieldref|endswith": "b"}, {"a": "xy", "b": "x"}, False),
        ({"a|fieldref|contains": "b"}, {"a": "xyz", "b": "y"}, True),
        # Keywords search every value, at any depth, but no names.
        (["needle"], {"a": [{"b": "some Needle here"}]}, True),
        (["needle"], {"needle": "x"}, False),
        (["ne*le"], {"a": "some needle here"}, True),
        ([4625], {"a": 4625}, True),
        ({"|all": ["a", "b"]}, {"x": "a", "y": "b"}, True),
        ({"|all": ["a", "b"]}, {"x": "a"}, False),
        ({"|re": "n.edle"}, {"x": "a needle"}, True),
    ],
)
def test_value(selection, record, expected):
    assert holds(selection, record) is expected


@pytest.mark.parametrize(
    ("condition", "record", "expected"),
    [
        ("1 of them", {"b": "1"}, True),
        ("all of them", {"b": "1"}, False),
        ("all of sel_*", {"a": "1", "b": "1"}, True),
        ("1 of sel_* and not other", {"a": "1"}, True),
        ("sel_a and not other", {"a": "1", "c": "1"}, False),
        ("not sel_a", {}, True),
        ("not (sel_a or sel_b)", {"b": "1"}, False),
        ("sel_a or sel_b and other", {"a": "1"}, True),
    ],
)
def test_condition(condition, record, expected):
    selections = {"sel_a": {"a": "1"}, "sel_b": {"b": "1"}, "other": {"c": "1"}}
    assert holds(selections, record, condition) is expected


def test_absent_field_is_not_the_value_that_is_filtered():
    assert holds({"s": {"a": "1"}, "f": {"User": "system"}}, {"a": "1"}, "s and not f")


@pytest.mark.parametrize(
    ("selection", "reason"),
    [
        ({"a|expand": "%admins%"}, "placeholder %admins%"),
        ({"a|hour": 3}, "parts of a time"),
        ({"|hour": 3}, "parts of a time"),
        (["x", True], "a keyword of type SigmaBool"),
    ],
)
def test_what_cannot_be_run_is_refused(selection, reason):
    with pytest.raises(Unsupported, match=reason):
        tree({"selection": selection})


@pytest.mark.timeout(20)
def test_hostile_text_cannot_make_a_pattern_hang():
    text = "a" * 200_000 + "!"
    assert not holds({"a|re": "^(a+)+$"}, {"a": text})
    assert not holds({"a": "*" + "a*" * 20 + "b"}, {"a": text})


def test_says_which_fields_matched():
    node = tree({"s": {"a": ["x", "y"]}, "f": {"b": "z"}}, "s and not f")
    assert matched(node, Record({"a": ["Y", "q"], "b": "other"})) == {"a": "Y"}
