import pytest

from wheeltapper.detect.rules.record import Field, Record, fold, path


def values(record, *names):
    return Record(record).values(Field(names[0], tuple(map(path, names))))


def test_first_path_that_gives_a_value_counts():
    assert values({"b": 2, "a": None}, "a", "b") == (2,)
    assert values({"b": 2, "a": 1}, "a", "b") == (1,)


def test_suffix_is_put_after_the_text():
    field = Field("service", (path("id.app", ".googleapis.com"),))
    assert Record({"id": {"app": "Admin"}}).texts(field) == ("Admin.googleapis.com",)
    assert Record({"id": {"app": "Admin"}}).folded(field) == ("admin.googleapis.com",)
    assert not field.verbatim


def test_every_google_parameter_kind_has_its_value():
    record = {"p": [{"name": "A", "boolValue": True}, {"name": "b_c", "multiValue": ["x", "y"]}]}
    assert values(record, "p.a") == (True,)
    assert values(record, "p.b_c") == ("x", "y")


@pytest.mark.parametrize("record", [{}, {"a": "text"}, {"a": 1}, {"a": [[[]]]}, {"a": {"b": None}}])
def test_path_into_something_else_has_no_value(record):
    assert values(record, "a.b") == ()


def test_words_are_every_value_but_null():
    record = Record({"a": [1, {"b": "X"}], "c": None, "d": True})
    assert sorted(record.words(folded=True)) == ["1", "true", "x"]
    assert sorted(record.words(folded=False)) == ["1", "X", "true"]


def test_fold():
    assert fold("Threat_Name id") == "threatnameid"
