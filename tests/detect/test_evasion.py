"""Those who know how they are watched: docs/evasion.md, line by line.

An office of nine works eight weeks; then one account is in other hands, which are patient.
"""

import pytest
from judging import SECRET, detector

from wheeltapper.detect import catalogue
from wheeltapper.detect.process import process, start
from wheeltapper.testing import activities, activity

SHIPPED = {d.name: d for d in catalogue.load()}
PEOPLE = [f"p{i}" for i in range(9)]
WEEKS = 8
BEGINS = 7 * WEEKS
OKTA = {"source": "okta", "app": "Okta", "peer_group": "team", "country": "NL"}


def office(until=BEGINS, since=0, people=PEOPLE, hours=range(0, 8, 2), **columns):
    """Ordinary working days of everybody."""
    return [
        activity(p, days=d, minutes=60 * h, **{**OKTA, **columns})
        for d in range(since, until) if d % 7 < 5 for p in people for h in hours
    ]  # fmt: skip


def said(rows, *names, **more):
    """Findings of shipped detectors from the day on which the patience begins."""
    detectors = [SHIPPED[name] for name in names]
    _, found = process(start(detectors), activities(rows), detectors, SECRET, **more)
    first = activity(days=BEGINS, minutes=-24 * 60)["time"]
    return [f for f in found.to_pylist() if f["time"] >= first]


@pytest.mark.parametrize("every", [1, 7])
def test_one_visit_does_not_make_a_country_a_habit(every):
    """Learned slowly: a day from abroad, then a week of quiet, and again."""
    visits = [d for d in range(BEGINS, BEGINS + 60, every) if every == 7 or d % 7 < 5]
    rows = office(BEGINS + 60) + [
        activity("p0", days=d, minutes=300, **{**OKTA, "country": "NG"}) for d in visits
    ]
    found = [f for f in said(rows, "any.country") if f["entity"] == "p0"]
    days = {f["time"].date() for f in found}
    assert len(days) == SHIPPED["any.country"].settings.confirm_days
    assert min(f["bits"] for f in found) > 10
    # And not for ever: who moves abroad is not told of it every morning for a year.
    assert max(days) < activity(days=visits[3])["time"].date()


def test_doing_much_again_and_again_is_told_again_and_again():
    """Amounts are learned capped: a flood a day is told for a week before it is what p0 does."""
    aws = {"source": "aws_cloudtrail", "app": "Secrets Manager", "action": "GetSecretValue"}
    flood = [
        activity("p0", days=d, minutes=300 + i / 10, **{**OKTA, **aws})
        for d in range(BEGINS, BEGINS + 12) if d % 7 < 5 for i in range(300)
    ]  # fmt: skip
    found = said(office(BEGINS + 12, **aws) + flood, "cloudtrail.secrets")
    days = {f["time"].date() for f in found if f["entity"] == "p0"}
    assert len(days) >= 5


def test_a_flood_of_new_values_drops_nobody_elses_habits():
    one = detector("novelty", settings={"min_bits": 6.0, "capacity": 1000, "most_new": 300.0})
    habits = [
        activity(p, days=d, minutes=i, action=f"{p} {i}", peer_group="team")
        for d in range(30) for p in PEOPLE for i in range(20)
    ]  # fmt: skip
    flood = [
        activity("p0", days=31, minutes=i / 100, action=f"made up {i}", peer_group="team")
        for i in range(5000)
    ]
    after = [
        activity(p, days=32, minutes=i, action=f"{p} {i}", peer_group="team")
        for p in PEOPLE[1:] for i in range(20)
    ]  # fmt: skip
    state, _ = process(start([one]), activities([*habits, *flood]), [one], SECRET)
    kept, evicted = state.detectors[one.name].own.size.tolist()
    assert kept <= 9 * 20 + 300
    assert evicted == 0
    _, found = process(state, activities(after), [one], SECRET)
    assert found.num_rows == 0


def test_a_flood_is_told_before_it_is_a_habit_of_novelty():
    rows = office() + [
        activity("p0", days=BEGINS, minutes=i, **{**OKTA, "country": f"X{i}"}) for i in range(200)
    ]
    found = [f for f in said(rows, "any.country") if f["entity"] == "p0"]
    assert found[0]["time"] == activity(days=BEGINS)["time"]
    assert len(found) > 10


def test_hours_shifted_bit_by_bit_are_told_on_the_way():
    """An hour later every week: it takes three months to reach the night, and is told in most."""
    shifted = [
        activity("p0", days=d, minutes=60 * (h + (d - BEGINS) // 7), **OKTA)
        for d in range(BEGINS, BEGINS + 12 * 7) if d % 7 < 5 for h in range(0, 8, 2)
    ]  # fmt: skip
    rows = office() + office(BEGINS + 84, BEGINS, PEOPLE[1:]) + shifted
    found = [f for f in said(rows, "any.hour") if f["entity"] == "p0"]
    weeks = {(f["time"] - activity(days=BEGINS)["time"]).days // 7 for f in found}
    assert len(weeks) >= 6


def test_made_up_names_cost_nobody_their_history():
    names = [activity(f"made up {i}", days=BEGINS - 1, minutes=i / 10, **OKTA) for i in range(3000)]
    rows = office() + names + [activity("p0", days=BEGINS, **{**OKTA, "country": "NG"})]
    found = said(rows, "any.country", most_entities=1000)
    assert [f["entity"] for f in found] == ["p0"]
    assert found[0]["baseline_n"] == 5 * WEEKS


def test_a_peer_that_does_it_first_does_not_hide_the_next():
    """Spread over accounts of one team, one a day: the second is told as the first was. From the
    third on it looks like the team's new habit; what ties accounts (`spread`) has to see it."""
    rows = office(BEGINS + 7) + [
        activity(p, days=BEGINS + i, minutes=300, **{**OKTA, "country": "NG"})
        for i, p in enumerate(PEOPLE[:4])
    ]
    assert {f["entity"] for f in said(rows, "any.country")} >= set(PEOPLE[:2])
