"""Detection in steps: each all or nothing, each act judged once, replay the same as live."""

import dataclasses
import random
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from town import Town, act, judges_of, life

from wheeltapper.detect import catalogue
from wheeltapper.engines.local import detect
from wheeltapper.engines.local.alone import Alone
from wheeltapper.engines.local.checkpoint import Checkpoint
from wheeltapper.errors import WheeltapperError
from wheeltapper.store import Lake
from wheeltapper.testing import MONDAY


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, judges) -> Town:
    """The same life, judged in one step."""
    town = Town(tmp_path_factory.mktemp("undisturbed"), judges, step_rows=100_000)
    town.add(life())
    town.detect()
    return town


@pytest.fixture
def town(tmp_path, judges) -> Town:
    return Town(tmp_path, judges)


def test_something_was_found_by_statistics_and_by_rules(undisturbed):
    detectors = {str(f["detector"]) for f in undisturbed.findings()}
    assert {"rule.recorder_off", "any.country", "any.client"} <= detectors


@pytest.mark.slow
@pytest.mark.parametrize("step_rows", [13, 64, 300])
def test_steps_of_any_size_find_the_same_and_end_in_the_same_state(town, undisturbed, step_rows):
    town.step_rows = step_rows
    town.add(life())
    done = town.detect()
    assert town.checkpoint.manifest().step > 1
    assert done.acts == len(life())
    assert done.findings == len(town.findings())
    assert town.findings() == undisturbed.findings()
    assert town.state() == undisturbed.state()


@pytest.mark.parametrize(("step_rows", "steps"), [(100_000, 1), (130, 7)])
def test_a_step_is_judged_in_pieces_and_committed_once(
    town, undisturbed, monkeypatch, step_rows, steps
):
    seen, judge = list[int](), Alone.judge

    def watched(self, acts, ready):
        seen.append(len(acts))
        return judge(self, acts, ready)

    monkeypatch.setattr(Alone, "judge", watched)
    monkeypatch.setattr(detect, "PIECE_ROWS", 40)
    town.step_rows = step_rows
    town.add(life())
    assert town.detect().acts == sum(seen) == len(life())
    assert len(seen) > 2 * steps
    assert max(seen) < 80
    assert town.checkpoint.manifest().step == steps
    assert town.findings() == undisturbed.findings()
    assert town.state() == undisturbed.state()


def test_threads_take_short_turns_only_while_they_judge(town, monkeypatch):
    turns_s, judge = set[float](), Alone.judge

    def watched(self, acts, ready):
        turns_s.add(sys.getswitchinterval())
        return judge(self, acts, ready)

    monkeypatch.setattr(Alone, "judge", watched)
    usual_s = sys.getswitchinterval()
    town.add(life())
    town.detect()
    assert max(turns_s) < usual_s / 10
    assert sys.getswitchinterval() == usual_s


def test_looking_again_changes_nothing(town, undisturbed):
    town.add(life())
    town.detect()
    before = town.checkpoint.manifest()
    again = town.detect()
    assert (again.acts, again.late, again.findings) == (0, 0, 0)
    assert town.findings() == undisturbed.findings()
    assert town.checkpoint.manifest() == before


def test_an_empty_lake_is_nothing_to_judge(town):
    done = town.detect()
    assert (done.acts, done.findings, done.anew) == (0, 0, ())
    assert town.findings() == []


@pytest.mark.slow
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 29), max_size=3))
def test_logs_that_come_day_by_day_are_judged_as_if_they_came_at_once(
    tmp_path_factory, judges, undisturbed, cuts
):
    town = Town(tmp_path_factory.mktemp("live"), judges)
    for since, until in zip([0, *sorted(cuts)], [*sorted(cuts), 30], strict=True):
        window = MONDAY + timedelta(days=since), MONDAY + timedelta(days=until)
        midnight = tuple(w.replace(hour=0) for w in window)
        town.add(row for row in life() if midnight[0] <= row["time"] < midnight[1])
        town.detect()
    assert town.findings() == undisturbed.findings()
    assert town.state() == undisturbed.state()


class Crash(BaseException):
    """The process ends here; nothing may catch it."""


class Crashing:
    """Runs as before until its calls are used up; then the process ends, before or after it."""

    def __init__(self, monkeypatch, owner, name, *, after: bool) -> None:
        self.left = 10**9
        genuine = getattr(owner, name)

        def call(*arguments, **named):
            self.left -= 1
            if self.left < 0 and not after:
                raise Crash
            result = genuine(*arguments, **named)
            if self.left < 0:
                raise Crash
            return result

        monkeypatch.setattr(owner, name, call)


POINTS = [
    (Lake, "append_findings", False),
    (Lake, "append_findings", True),
    (Checkpoint, "commit", False),
    (Checkpoint, "commit", True),
    (Path, "replace", False),
    (Path, "replace", True),
    (Path, "unlink", False),
    (Path, "unlink", True),
    (Lake, "drop_findings", True),
]


@pytest.mark.slow
@pytest.mark.parametrize(("owner", "name", "after"), POINTS)
def test_a_crash_at_any_commit_point_is_mended_by_the_next_run(
    town, undisturbed, monkeypatch, owner, name, after
):
    town.add(life())
    point = Crashing(monkeypatch, owner, name, after=after)
    draw = random.Random(f"{name} {after}")
    crashes = 0
    for _ in range(4):
        point.left = draw.randrange(1, 4) if name != "drop_findings" else 0
        try:
            town.detect()
        except Crash:
            crashes += 1
    assert crashes >= 2
    point.left = 10**9
    town.detect()
    assert town.findings() == undisturbed.findings()
    assert town.state() == undisturbed.state()
    assert town.detect().acts == 0


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_in_a_replay_is_mended_too(town, undisturbed, monkeypatch, after):
    town.add(life())
    town.detect()
    point = Crashing(monkeypatch, Lake, "append_findings", after=after)
    point.left = 3
    with pytest.raises(Crash):
        town.detect(replay=True)
    point.left = 10**9
    town.detect()
    assert town.findings() == undisturbed.findings()
    assert town.state() == undisturbed.state()


LATE = [
    act("person1", "StopLogging", days=24, minutes=100, country="BR"),
    act("person2", "GetObject", days=24, minutes=101, country="BR"),
]
NEW = [act("person1", days=31, country="NL")]


def test_what_comes_late_is_judged_by_rules_alone(town):
    town.add(life())
    town.detect()
    before = town.findings()
    town.add([*LATE, *NEW], received=MONDAY + timedelta(days=40))
    done = town.detect()
    assert (done.acts, done.late) == (1, 2)
    new = [f for f in town.findings() if f not in before]
    assert [(f["detector"], f["time"]) for f in new] == [
        ("rule.recorder_off", LATE[0]["time"].isoformat())
    ]
    assert town.detect().late == 0
    assert len(town.findings()) == len(before) + 1


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("calls", [0, 1])
def test_what_comes_late_is_judged_once_though_the_run_is_killed(town, monkeypatch, calls, after):
    town.add(life())
    town.detect()
    before = town.findings()
    town.add([*LATE, *NEW], received=MONDAY + timedelta(days=40))
    point = Crashing(monkeypatch, Lake, "append_findings", after=after)
    point.left = calls
    with pytest.raises(Crash):
        town.detect()
    point.left = 10**9
    town.detect()
    new = [f["detector"] for f in town.findings() if f not in before]
    assert new == ["rule.recorder_off"]
    assert len(town.findings()) == len(before) + 1


def test_replay_finds_what_was_found_live(town):
    town.add(life())
    town.detect()
    town.add([*LATE, *NEW], received=MONDAY + timedelta(days=40))
    town.detect()
    live = town.findings()
    town.detect(replay=True)
    assert town.findings() == live
    town.detect()
    assert town.findings() == live


def test_replay_that_includes_late_acts_judges_as_if_they_had_come_in_time(
    town, tmp_path_factory, judges
):
    in_time = Town(tmp_path_factory.mktemp("in time"), judges)
    in_time.add([*life(), *LATE, *NEW])
    in_time.detect()
    town.add(life())
    town.detect()
    town.add([*LATE, *NEW], received=MONDAY + timedelta(days=40))
    town.detect()
    assert town.findings() != in_time.findings()
    town.detect(replay=True, include_late=True)
    assert town.findings() == in_time.findings()
    # Late acts that come after such a replay are late again, and told by rules.
    town.add([act("person3", "StopLogging", days=2)], received=MONDAY + timedelta(days=41))
    assert town.detect().late == 1
    assert len(town.findings()) == len(in_time.findings()) + 1


def changed(judges):
    """The same, but for one detector that compares acts instead of days."""
    detectors = [
        dataclasses.replace(d, unit="act") if d.name == "any.country" else d
        for d in judges.detectors
    ]
    return dataclasses.replace(judges, detectors=detectors)


def test_a_changed_detector_is_taught_by_history_and_named_once(town, judges, tmp_path_factory):
    town.add(life())
    town.detect()
    before = town.findings()
    town.judges = changed(judges)
    assert town.detect().anew == ("any.country",)
    assert town.findings() == before, "it says nothing of what it is taught with"
    assert town.detect().anew == ()
    town.add(NEW)
    town.detect()
    # Of what comes then it says what it would have said had it always been there.
    always = Town(tmp_path_factory.mktemp("always"), changed(judges))
    always.add([*life(), *NEW])
    always.detect()
    since = min(a["time"] for a in NEW)

    def of_new(somewhere):
        return [f for f in somewhere.findings() if str(f["time"]) >= since.isoformat()]

    assert of_new(town) == of_new(always)
    assert town.state() == always.state()


def test_what_is_taught_leaves_late_acts_out(town, judges):
    town.add(life())
    town.detect()
    town.add([*LATE, *NEW], received=MONDAY + timedelta(days=40))
    town.detect()
    town.judges = changed(judges)
    town.detect()
    taught = town.state()
    town.detect(replay=True)
    assert town.state() == taught


def test_a_detector_that_is_switched_off_is_silent_and_the_others_do_not_notice(
    town, rules, undisturbed
):
    names = catalogue.load(off=["any.country"])
    judges = judges_of(rules)
    town.judges = dataclasses.replace(judges, detectors=[d for d in judges.detectors if d in names])
    town.add(life())
    town.detect()
    expected = [f for f in undisturbed.findings() if f["detector"] != "any.country"]
    assert town.findings() == expected
    assert len(expected) < len(undisturbed.findings())


def test_damaged_state_is_told_with_its_file_and_left_alone(town):
    town.step_rows = 10_000
    town.add(life())
    town.detect()
    found = town.findings()
    path = town.checkpoint.folder / town.checkpoint.manifest().snapshot
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"x")
    with pytest.raises(WheeltapperError, match=rf"{path.name}: damaged .*detect --replay"):
        town.detect()
    path.unlink()
    with pytest.raises(WheeltapperError, match=rf"{path.name}: damaged or missing"):
        town.detect()
    assert town.findings() == found
    town.detect(replay=True)
    assert town.findings() == found
    assert path.exists()


def test_a_damaged_snapshot_costs_a_step_that_is_done_again(town, undisturbed):
    town.add(life())
    town.detect()
    before = town.checkpoint.manifest()
    (town.checkpoint.folder / before.models).write_bytes(b"?")
    done = town.detect()
    assert 0 < done.acts <= town.step_rows * 1.5
    assert town.checkpoint.manifest().step > before.step
    assert town.findings() == undisturbed.findings()
    assert town.state() == undisturbed.state()


def test_what_lies_at_or_after_until_is_left_to_a_later_run(town, undisturbed):
    town.add(life())
    edge = sorted(row["time"] for row in life())[200]
    town.detect(until=edge)
    assert town.checkpoint.manifest().watermark_us < edge.timestamp() * 1e6
    assert all(row["time"] < str(edge) for row in town.findings())
    assert town.detect(until=edge).acts == 0
    town.detect()
    assert town.findings() == undisturbed.findings()
    assert town.state() == undisturbed.state()
