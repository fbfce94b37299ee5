"""The whole: the same seed the same bytes, and a life that does not depend on the others."""

import json
from collections import Counter
from datetime import date, datetime, timedelta

import pytest

from wheeltapper.config import load
from wheeltapper.errors import WheeltapperError
from wheeltapper.simulate import simulate

from .conftest import Output, read, tree

OF_ALL = ("hr-sync@meridian.example", "servicedesk@meridian.example")
"""Accounts whose acts follow from who else is there."""


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    root = tmp_path_factory.mktemp("twice")
    return [simulate(root / name, people=30, days=20, seed=5) for name in ("a", "b")]


def test_the_same_seed_writes_the_same_bytes(twice):
    first, second = (tree(s.out) for s in twice)
    assert first == second


@pytest.mark.slow
def test_another_seed_is_another_organisation(twice, tmp_path):
    other = simulate(tmp_path / "other", people=30, days=20, seed=6)
    assert (other.out / "directory.csv").read_text() != (twice[0].out / "directory.csv").read_text()
    before = {r["uuid"] for r in read(twice[0]).okta}
    assert not before & {r["uuid"] for r in read(other).okta}


@pytest.mark.slow
def test_one_more_employee_changes_nobody_elses_life(twice, tmp_path):
    more = read(simulate(tmp_path / "more", people=31, days=20, seed=5))
    less = read(twice[0])
    new = set(more.directory.splitlines()) - set(less.directory.splitlines())
    assert len(new) == 1
    name = next(iter(new)).split(",")[0]

    def others(output: Output) -> list[str]:
        keep = [r for r in output.okta if r["actor"]["type"] == "User"]
        return sorted(
            json.dumps(r) for r in keep if r["actor"]["alternateId"] not in (name, *OF_ALL)
        )

    assert others(more) == others(less)


def test_the_summary_counts_what_was_written(small):
    records = small.summary.records
    assert records["cloudtrail"] == len(small.cloudtrail)
    assert records["okta"] == len(small.okta)
    assert records["drive"] == len(small.drive)
    assert records["sshd"] == sum(map(len, small.hosts.values()))
    assert small.summary.files == len(tree(small.summary.logs))
    assert small.summary.real == 2713


def test_all_records_lie_within_the_span(small):
    start, end = small.summary.start, small.summary.end
    assert end - start == timedelta(days=35)
    days = {date.fromisoformat(r["eventTime"][:10]) for r in small.cloudtrail}
    days |= {date.fromisoformat(r["published"][:10]) for r in small.okta}
    days |= {date.fromisoformat(line[:10]) for lines in small.hosts.values() for line in lines}
    assert min(days) == start
    assert max(days) == end - timedelta(days=1)


def test_records_of_a_file_are_in_order(small):
    published = [r["published"] for r in small.okta]
    assert published == sorted(published)
    times = [r["eventTime"] for r in small.cloudtrail]
    assert times == sorted(times)


def test_without_attack_no_record_is_real(tmp_path):
    quiet = read(simulate(tmp_path / "quiet", people=20, days=14, attack=False))
    assert quiet.truth == []
    assert "No record is real" in (quiet.summary.out / "SOURCES.md").read_text()
    assert not any("stratus" in json.dumps(r) for r in quiet.cloudtrail)


def test_the_output_is_a_workspace_whose_settings_load(small):
    config = load(small.summary.out / "wheeltapper.toml")
    assert (small.summary.out / config.enrich.directory).is_file()


def test_progress_is_told_day_by_day(tmp_path):
    told = []
    simulate(
        tmp_path / "p", people=20, days=14, progress=lambda day, days: told.append((day, days))
    )
    assert told == [(day, 14) for day in range(1, 15)]


def test_another_start_moves_the_story(tmp_path):
    only = ["cloud-account-hour"]
    moved = read(
        simulate(tmp_path / "m", people=20, days=14, start=date(2025, 9, 1), scenarios=only)
    )
    assert moved.okta[0]["published"].startswith("2025-09-01")
    assert datetime.fromisoformat(moved.truth[0]["start"]).year == 2025


@pytest.mark.parametrize(("people", "days"), [(19, 60), (120, 13)])
def test_too_small_an_organisation_is_refused(tmp_path, people, days):
    with pytest.raises(WheeltapperError, match="at least 20 people and 14 days"):
        simulate(tmp_path / "x", people=people, days=days)


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(WheeltapperError, match="not empty"):
        simulate(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_the_three_logs_are_all_lived_in(small):
    people = Counter(r["actor"]["alternateId"] for r in small.okta)
    assert len(people) > 55
    assert len({r["eventName"] for r in small.cloudtrail}) > 300
    assert len(small.hosts) >= 10
