"""Diary: when and where a person works; decided ahead, without looking at what they do.

Public holidays of their country, weekends, part-time days, vacations, sick days, business trips and
a conference, support shifts by day, night and weekend, and a rota of nights on call.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import holidays

from wheeltapper.simulate.chance import Chance
from wheeltapper.simulate.people import Home, Person, office_address
from wheeltapper.simulate.places import Address, City, anywhere, cities, destinations, egress

OFFICE, HOME, TRIP = "office", "home", "trip"
_ABSENT = "absent"
CONFERENCE = "Lisbon"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workday:
    """One day at work."""

    begin_h: float
    """Local hour; above 24 for what happens after midnight."""
    end_h: float
    where: str
    city: City
    network: Address
    """What the machine is connected to."""
    tunnel: Address | None
    """End of the VPN where it is on."""
    back: bool
    """First day after being away for some time: passwords are forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """What holds for everybody."""

    start: date
    days: int
    seed: int

    def date(self, day: int) -> date:
        return self.start + timedelta(days=day)

    @property
    def move_day(self) -> int:
        """From when the Berlin office is connected through another provider."""
        return int(self.days * 0.42)

    @property
    def egress_day(self) -> int:
        """From when the European VPN leaves from another country."""
        return int(self.days * 0.6)

    @property
    def conference_day(self) -> int:
        """A Wednesday near the middle of the span; it lasts three days."""
        day = int(self.days * 0.5)
        return day + (2 - self.date(day).weekday()) % 7

    def holiday(self, country: str, day: int) -> bool:
        return self.date(day) in _holidays(country, self.start.year, self.date(self.days).year)


@cache
def _holidays(country: str, first: int, last: int) -> "frozenset[date]":
    region = {"DE": "BE", "IN": "MH", "US": "TX"}.get(country)
    years = range(first, last + 1)
    return frozenset(holidays.country_holidays(country, subdiv=region, years=years))


class Diary:
    """A person's days. Every answer follows from the seed; nothing is remembered."""

    def __init__(self, person: Person, calendar: Calendar) -> None:
        self.person = person
        self.calendar = calendar
        self.home = Home.of(person, calendar.seed)
        chance = Chance(calendar.seed, "habits", person.number)
        self.start_h = chance.normal(person.role.start, 0.7)
        self.length_h = chance.normal(8.4, 0.5) - (0.6 if person.days_off else 0)
        self.at_office = chance.between(0.15, 0.9)
        self.weekend = 0.25 * chance.uniform() ** 4
        """Chance that a free day is not quite free."""
        self.evening = 0.5 * chance.uniform() ** 2.5
        self.late_sigma = chance.between(0.15, 0.6)
        self.uses_vpn = chance.yes(person.role.vpn)
        self.full_tunnel = chance.yes(0.4)
        self.vpn_lag = int(chance.wait(2.2))
        self._away: dict[int, City | None] = {}
        self._plan(Chance(calendar.seed, "plans", person.number))

    def _plan(self, chance: Chance) -> None:
        days = self.calendar.days
        for share, low, high in ((0.55, 4, 14), (0.3, 1, 3)):
            if chance.yes(share * min(1.0, days / 60)):
                begin, length = chance.below(days), int(chance.between(low, high + 1))
                self._away.update(dict.fromkeys(range(begin, begin + length)))
            else:
                chance.below(days)
        day = 0.0
        while (day := day + chance.wait(75)) < days:  # sick days
            length = 1 + int(chance.wait(1.3))
            self._away.update(dict.fromkeys(range(int(day), int(day) + length)))
        day = 0.0
        while (day := day + chance.wait(1 / self.person.role.travel)) < days:
            places = destinations(self.person.office.city)
            city = places[chance.rank(len(places))]
            for d in range(int(day), int(day) + 1 + int(chance.between(1, 4))):
                self._away.setdefault(d, city)
        goes = 0.07 if self.person.role.department in ("Engineering", "Data", "Security") else 0.01
        if chance.yes(goes):
            fair = cities()[CONFERENCE]
            for d in range(self.calendar.conference_day, self.calendar.conference_day + 3):
                self._away.setdefault(d, fair)

    def employed(self, day: int) -> bool:
        last = self.person.last_day
        return day >= self.person.first_day and (last is None or day <= last)

    def shift(self, day: int) -> tuple[float, float] | None:
        """Hours of a shift worker's day, None when free. Shifts rotate weekly through the team."""
        week = (day + self.calendar.start.weekday()) // 7
        weekday = self.calendar.date(day).weekday()
        turn = (week + self.person.seat) % 6
        if turn == 5:  # weekend week: Wednesday to Sunday
            return (8.0, 16.5) if weekday >= 2 else None
        if weekday >= 5:
            return None
        return {3: (13.5, 22.0), 4: (22.0, 30.2)}.get(
            turn, (self.start_h - 1.0, self.start_h + 7.5)
        )

    def on_call(self, day: int) -> bool:
        """One of a team carries the pager for a week."""
        role = self.person.role_on(day)
        week = (day + self.calendar.start.weekday()) // 7
        here = self.employed(day) and day > self.person.first_day + 30 and day not in self._away
        return role.oncall and here and week % role.team == self.person.seat

    def workday(self, day: int) -> Workday | None:
        """Where and when they work that day; None: not at all."""
        person, calendar = self.person, self.calendar
        chance = Chance(calendar.seed, "workday", person.number, day)
        away = self._away.get(day, _ABSENT)
        if not self.employed(day) or away is None:
            return None
        trip = away if isinstance(away, City) else None
        weekday = calendar.date(day).weekday()
        if person.role_on(day).shifts:
            hours = self.shift(day)
            if hours is None:
                return None
            begin, end = hours[0] + chance.normal(0, 0.1), hours[1] + chance.normal(0.1, 0.2)
        else:
            free = weekday >= 5 or calendar.holiday(person.office.country, day)
            if free or weekday in person.days_off:
                if not chance.yes(self.weekend if free else 0.03):
                    return None
                begin = chance.between(9, 20)
                end = begin + chance.between(0.3, 2.5)
                trip = None
            else:
                begin = chance.normal(self.start_h, self.late_sigma)
                end = begin + chance.normal(self.length_h, 0.6)
        city = trip or person.office
        office = chance.yes(self.at_office) and weekday < 5 and begin < 20
        where = TRIP if trip else OFFICE if office else HOME
        return Workday(
            begin_h=begin,
            end_h=max(end, begin + 0.2),
            where=where,
            city=city,
            network=self._network(day, where, city),
            tunnel=self._tunnel(day) if where != OFFICE and self.uses_vpn else None,
            back=day > 3
            and all(self._away.get(d, _ABSENT) is None for d in range(day - 4, day - 1)),
        )

    def _network(self, day: int, where: str, city: City) -> Address:
        if where == OFFICE:
            moved = city.city == "Berlin" and day >= self.calendar.move_day
            return office_address(city.city, self.calendar.seed, moved)
        if where == HOME:
            return self.home.address(day)
        # A trip has one hotel or fair network for a few days; a fair is shared by all who go.
        fair = city.city == CONFERENCE
        return anywhere(
            city,
            Chance(self.calendar.seed, "hotel", "" if fair else self.person.number, day // 4),
        )

    def _tunnel(self, day: int) -> Address:
        country = self.person.office.country
        if country in ("US", "IN"):
            return egress(country)
        return egress("EU2" if day >= self.calendar.egress_day + self.vpn_lag else "EU")

    def night_at_home(self, day: int) -> Workday:
        """Woken by the pager."""
        return Workday(
            begin_h=0,
            end_h=6,
            where=HOME,
            city=self.person.office,
            network=self.home.address(day),
            tunnel=self._tunnel(day) if self.uses_vpn else None,
            back=False,
        )
