import pytest

from wheeltapper.refine.told import (
    about,
    account,
    among,
    group,
    listed,
    peer,
    since,
    times,
    units,
    usual,
    within,
)

from .told_acts import told


def test_units_are_those_of_the_detector_and_of_git():
    assert units(told("any.country"), 58) == "58 days"
    assert units(told("git.directory", source="git"), 1) == "1 commit"


def test_how_many_are_usual():
    assert [usual(x, h) for x, h in ((0.2, 1), (4, 1), (40, 24), (4, 6))] == [
        "one or none an hour is usual", "about 4 an hour are usual", "about 40 a day are usual",
        "about 4 in 6 hours are usual",
    ]  # fmt: skip


def test_how_often():
    assert [times(n) for n in (1, 2, 1203)] == ["once", "twice", "1,203 times"]


def test_of_a_group_of_several_words_one_is_told():
    assert group(told(peer_group="service accounts"), 3) == "3 service account peers"
    assert group(told(peer_group="sales"), 3) == "3 sales peers"


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


def test_among_whom():
    assert among(told(peer_group="sales"), 3) == "among 3 sales peers"
    assert among(told(peer_group="sales"), 1) == "of the only other sales peer"
    assert among(told(peer_group=""), 1) == "of the only other account"


def test_lists_say_a_thing_once():
    assert listed([]) == ""
    assert listed(["a", "a"]) == "a"
    assert listed(["a", "b", "a", "c"], "or") == "a, b or c"


def test_a_number_is_no_name_for_people():
    assert group(told(peer_group="-480"), 12) == "12 others"
    assert group(told(peer_group="120"), 1) == "1 other"
