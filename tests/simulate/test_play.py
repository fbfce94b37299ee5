"""The language: how long a play is, and that everybody in it is in its cast."""

import pytest

from wheeltapper.simulate.cast import Member
from wheeltapper.simulate.play import Phase, Play, Step, When

STEP = Step(source="okta", do=("sso Slack",))


def play(*phases: Phase, **who: Member) -> Play:
    return Play(name="x", about="x", attack=("T1078",), who=who or {"a": Member(role="sales")},
                when=When(days_before_end=3), phase=phases)  # fmt: skip


def test_it_lasts_until_its_last_day():
    assert play(Phase(step=(STEP,))).length_days == 1
    assert play(Phase(step=(STEP,), for_days=4), Phase(day=9, step=(STEP,))).length_days == 10


@pytest.mark.parametrize("name", ["by", "place_of", "agent_of"])
def test_who_is_named_is_in_the_cast(name):
    with pytest.raises(ValueError, match="nobody is not in its cast"):
        play(Phase(step=(Step(source="okta", do=("sso Slack",), **{name: "nobody"}),)))
    play(Phase(step=(Step(source="okta", do=("sso Slack",), by="staff"),)))


def test_a_role_is_taken_on_by_somebody_of_the_cast():
    with pytest.raises(ValueError, match="ghost"):
        play(Phase(step=(STEP,)), a=Member(role="sales"), b=Member(assumes="admin", of="ghost"))


def test_without_anything_to_do_it_is_none():
    with pytest.raises(ValueError, match="something to do"):
        play()
