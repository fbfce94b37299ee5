from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from powershell_office import records
from wheeltapper.powershell import groups
from wheeltapper.powershell.records import Record

SCRIPT = "get-childitem 'c:\\logs' -recurse|where-object length -gt 0|remove-item -force;"
OTHER = "import-module activedirectory;get-aduser -filter *|export-csv 'd:\\users.csv' -append;"


def test_what_is_nearly_the_same_is_one_group_and_what_is_not_another():
    texts = [SCRIPT, OTHER, SCRIPT + "get-date", "x", "y", "x", OTHER.replace("users", "people")]
    assert groups.near(texts) == [0, 1, 0, 3, 4, 3, 1]


@given(st.lists(st.text("ab ;", max_size=30), max_size=12))
def test_the_same_text_is_in_the_same_group_and_groups_are_named_by_their_first(texts):
    found = groups.near(texts)
    assert all(found[group] == group for group in found)
    for a, one in zip(texts, found, strict=True):
        for b, other in zip(texts, found, strict=True):
            assert a != b or one == other


def test_only_records_without_groups_are_grouped():
    given_groups = records(12)
    assert groups.grouped(given_groups) == given_groups
    alone = [
        Record(text=text, label=0, group=f"{at}") for at, text in enumerate([SCRIPT, OTHER, SCRIPT])
    ]
    found = groups.grouped(alone)
    assert [one.group for one in found] == ["near.0", "near.1", "near.0"]
    assert [replace(one, group="") for one in found] == [replace(one, group="") for one in alone]
