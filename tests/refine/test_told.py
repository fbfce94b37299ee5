import pytest
from told_acts import told

from wheeltapper.refine.told import about, account, group, listed, peer, since, units, within


def test_units_are_those_of_the_detector_and_of_git():
    assert units(told("any.country")) == "days"
    assert units(told("git.directory", source="git")) == "commits"


def test_a_day_number_is_told_as_a_date():
    assert since(told(since_day=20_000)) == "since 4 October 2024"


@pytest.mark.parametrize(
    ("hours", "said"),
    [(1, "in an hour"), (24, "in a day"), (0.5, "in 0.5 hours"), (6, "in 6 hours")],
)
def test_windows(hours, said):
    assert within(hours) == said


def test_amounts_are_not_more_exact_than_they_are():
    assert [about(x) for x in (0.0, 1.4, 1.6, 1234.5)] == [
        "one or none", "one or none", "about 2", "about 1,234",
    ]  # fmt: skip


def test_peers_are_named_by_their_group_and_addresses_have_none():
    assert peer(told(peer_group="engineer")) == "engineer peer"
    assert group(told(peer_group="engineer"), 1) == "1 engineer peer"
    address = told(entity_type="src_ip", peer_group="engineer")
    assert group(address, 3) == "3 others"
    assert account(address) == "address"


def test_lists_say_a_thing_once():
    assert listed([]) == ""
    assert listed(["a", "a"]) == "a"
    assert listed(["a", "b", "a", "c"], "or") == "a, b or c"


def test_a_number_is_no_name_for_people():
    assert group(told(peer_group="-480"), 12) == "12 others"
    assert group(told(peer_group="120"), 1) == "1 other"
