"""People work when people work."""

from collections import Counter
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from wheeltapper.simulate.diary import Calendar, Diary
from wheeltapper.simulate.people import hire

START = date(2026, 3, 23)
KINGS_DAY = date(2026, 4, 27)


@pytest.fixture(scope="module")
def diaries():
    calendar = Calendar(start=START, days=60, seed=1)
    return [Diary(person, calendar) for person in hire(120, 60, 1)]


def _present(diaries, day: int, country: str) -> float:
    here = [
        d
        for d in diaries
        if d.person.office.country == country and not d.person.role.shifts and d.employed(day)
    ]
    return sum(d.workday(day) is not None for d in here) / len(here)


def test_public_holidays_and_weekends_are_quiet_where_they_hold(diaries):
    kings_day = (KINGS_DAY - START).days
    assert _present(diaries, kings_day, "NL") < 0.2
    assert _present(diaries, kings_day, "DE") > 0.6
    assert _present(diaries, 5, "NL") < 0.2  # a Saturday
    assert _present(diaries, kings_day + 1, "NL") > 0.6


def test_most_begin_in_the_morning_of_their_own_zone(small):
    zones = {
        row.split(",")[0]: row.split(",")[4]
        for row in small.directory.splitlines()[1:]
        if ",Customer support," not in row and ",human," in row
    }
    hours = Counter()
    for record in small.okta:
        zone = zones.get(record["actor"]["alternateId"])
        if zone:
            at = datetime.fromisoformat(record["published"]).astimezone(ZoneInfo(zone))
            hours[at.hour] += 1
    total = hours.total()
    assert sum(hours[h] for h in range(8, 19)) / total > 0.8
    assert 0 < sum(hours[h] for h in range(5)) / total < 0.03


def test_somebody_works_at_every_hour_of_the_week_in_support(small):
    agents = {r.split(",")[0] for r in small.directory.splitlines() if ",Customer support," in r}
    hours = {
        datetime.fromisoformat(r["published"]).hour
        for r in small.okta
        if r["actor"]["alternateId"] in agents
    }
    assert len(hours) >= 20
    weekend = [
        r
        for r in small.okta
        if r["actor"]["alternateId"] in agents
        and datetime.fromisoformat(r["published"]).weekday() >= 5
    ]
    assert weekend


def test_a_joiner_begins_and_a_leaver_stops(small):
    calendar = Calendar(start=small.summary.start, days=35, seed=3)
    staff = hire(60, 35, 3)
    joiners = [p for p in staff if p.first_day >= 0]
    leavers = [p for p in staff if p.last_day is not None]
    assert joiners
    assert leavers
    seen: dict[str, list[date]] = {}
    for r in small.okta:
        day = date.fromisoformat(r["published"][:10])
        seen.setdefault(r["actor"]["alternateId"], []).append(day)
    for person in joiners:
        assert min(seen[person.email]) >= calendar.date(person.first_day - 1)
    for person in leavers:
        # Their last local day may end on the next one in UTC.
        assert max(seen[person.email]) <= calendar.date(person.last_day) + timedelta(days=1)
        assert person.last_day < 34


def test_one_of_a_team_is_on_call_each_week(diaries):
    team = [d for d in diaries if d.person.team_name == "developer-1"]
    weeks = [
        {d.person.seat for d in team if any(d.on_call(day) for day in range(w * 7, w * 7 + 7))}
        for w in range(6)
    ]
    assert all(len(seats) <= 1 for seats in weeks)
    assert len(set().union(*weeks)) >= 4


def test_everybody_can_be_sent_anywhere():
    cities = set()
    for seed in range(3):
        calendar = Calendar(start=START, days=90, seed=seed)
        for person in hire(300, 90, seed):
            diary = Diary(person, calendar)
            days = [diary.workday(day) for day in range(0, 90, 7)]
            cities |= {work.city.city for work in days if work}
    assert len(cities) >= 12


def test_travellers_are_seen_from_another_country(small):
    rows = [r.split(",") for r in small.directory.splitlines()[1:] if ",human," in r]
    home = {r[0]: r[5] for r in rows if r[5]}  # an account that is shared has none
    names = {"NL": "Netherlands", "DE": "Germany", "US": "United States", "IN": "India"}
    abroad = {
        r["actor"]["alternateId"]
        for r in small.okta
        if r["actor"]["alternateId"] in home
        and r["client"]["geographicalContext"]["country"] != names[home[r["actor"]["alternateId"]]]
    }
    assert 3 <= len(abroad) <= 40
