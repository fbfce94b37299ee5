"""Plant: a scenario becomes acts: copies of what the lake holds, under the names of its cast.

Whatever stands in a copied record and is another's (name, address, client, session, day) is
replaced in its native record too, so that rules see what they would see. Addresses that nobody
came from are those that are reserved for documentation: nobody real is blamed.
"""

import hashlib
import json
import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import pyarrow as pa

from wheeltapper import activity
from wheeltapper.engines.local.drill.past import OF_ACTOR, Past, Row, Who, time_of
from wheeltapper.engines.local.drill.scenario import CROWD, WHOSE, Scenario, Step, filled
from wheeltapper.store.lake import Lake

TRIED = 30
"""So many who meet the rule are tried, until a scenario fits one."""
PLACE = ("src_ip", "region", "country", "city", "latitude", "longitude", "asn", "as_org",
         "ip_class", "utc_offset", "intel")  # fmt: skip
CLIENT = ("user_agent", "ua_os", "ua_client", "ua_kind")
ABROAD = (
    # Country, city, latitude, longitude.
    ("VN", "Hanoi", 21.03, 105.85), ("NG", "Lagos", 6.45, 3.39), ("PE", "Lima", -12.05, -77.04),
    ("KZ", "Almaty", 43.24, 76.89), ("BO", "La Paz", -16.5, -68.15), ("GH", "Accra", 5.56, -0.2),
    ("MN", "Ulan Bator", 47.92, 106.92), ("PY", "Asuncion", -25.29, -57.64),
)  # fmt: skip
"""Where hardly any organisation has an office."""
NEW_CLIENT: Row = {
    "user_agent": "python-requests/2.32.3", "ua_os": None, "ua_client": "python-requests",
    "ua_kind": "sdk",
}  # fmt: skip
_REPLACED = ("actor", "session", "target", "action", *PLACE[:1], "user_agent", "native_id")
_LEAST_TEXT = 4  # A shorter text is replaced only where it stands alone between quotes.


class Unfit(Exception):
    """Why a scenario cannot be planted; told to the user as `left out`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A scenario as it lies in the lake."""

    scenario: Scenario
    round: int
    cast: Mapping[str, str]
    """Members and the actors they are."""
    first: datetime
    last: datetime
    native_ids: frozenset[str]
    events: frozenset[str]
    """Event ids, hex."""

    @property
    def lead(self) -> str:
        return self.cast[self.scenario.lead]


def plant(
    scenario: Scenario, past: Past, lake: Lake, days: Sequence[date], seed: str, round: int,
    taken: set[str], busy: set[str],
) -> tuple[Planted, pa.Table]:  # fmt: skip
    """Cast a scenario and make its acts.

    Parameters
    ----------
    days    into which is planted
    taken   actors who led something in this round or another: only where nobody else fits
    busy    all who are in a scenario of this round; whoever is in two would be found for either

    Raises
    ------
    Unfit   with the reason, if nobody or nothing in the lake fits.
    """
    seed = f"{seed}/{round}/{scenario.name}"
    rule = scenario.who[scenario.lead].rule
    able = past.actors(rule, None, seed)
    if not able:
        raise Unfit(f"nobody in the lake fits who.{scenario.lead} ({' '.join(rule.split())})")
    able.sort(key=lambda name: (name in busy, name in taken))
    reason = Unfit()
    for lead in able[:TRIED]:
        try:
            performance = _Performance(scenario, past, days, seed, lead, busy)
            rows = performance.rows()
        except Unfit as unfit:
            reason = unfit
            continue
        table = _with_records(rows, lake)
        taken.add(lead)
        busy |= {who.name for who in performance.cast.values()}
        return (
            Planted(
                scenario=scenario, round=round,
                cast={name: who.name for name, who in performance.cast.items()},
                first=min(time_of(row) for row in rows), last=max(time_of(row) for row in rows),
                native_ids=frozenset(table["native_id"].to_pylist()),
                events=frozenset(id.hex() for id in table["event_id"].to_pylist()),
            ),
            table,
        )  # fmt: skip
    tried = f"; {len(able)} fit who.{scenario.lead}" if len(able) > 1 else ""
    raise Unfit(f"{reason}{tried}")


class _Performance:
    """One casting of a scenario: clock, places, sessions, and the rows that come of it."""

    def __init__(
        self, scenario: Scenario, past: Past, days: Sequence[date], seed: str, lead: str,
        busy: Collection[str],
    ) -> None:  # fmt: skip
        self._scenario, self._past, self._days, self._seed = scenario, past, days, seed
        self._busy = busy
        self._chance = random.Random(f"{seed}/{lead}")  # noqa: S311 - a drill, repeated by its seed
        self.cast: dict[str, Who] = {scenario.lead: past.who(lead)}
        for name, member in scenario.who.items():
            if name != scenario.lead:
                self.cast[name] = self._member(name, member.rule, member.new, lead)
        self._sessions: dict[tuple[str, object, int], str] = {}
        self._places: dict[str, Row] = {}
        self._number = 0

    @property
    def _lead(self) -> Who:
        return self.cast[self._scenario.lead]

    def _member(self, name: str, rule: str, new: str, lead: str) -> Who:
        if new:
            return Who(new, {"actor_type": activity.HUMAN, "hours_east": self._east(lead)})
        others = {who.name for who in self.cast.values()}
        able = [a for a in self._past.actors(rule, lead, self._seed) if a not in others]
        if not able:
            raise Unfit(f"nobody in the lake fits who.{name} ({' '.join(rule.split())})")
        return self._past.who(min(able, key=lambda name: name in self._busy))

    def _east(self, lead: str) -> object:
        return self._past.who(lead).known["hours_east"]

    # When

    def rows(self) -> list[Row]:
        """All acts, on the first days that fit; `of` is the event id of the act that is copied."""
        state = self._chance.getstate()
        for first in self._first_days():
            self._chance.setstate(state)
            self._sessions, self._number = {}, 0
            rows = [row for step in self._steps(first) for row in step]
            times = [time_of(row) for row in rows]
            # What lies before the first day has been judged, and what lies after is no history.
            if min(times) >= self._past.cut and max(times).date() <= self._days[-1]:
                return rows
        on = {"work": " on which the lead acts", "off": " on which the lead does not act"}
        raise Unfit(
            f"no {self._scenario.length_days} of the {len(self._days)} days fit, beginning with one"
            f"{on.get(self._scenario.on, '')}"
        )

    def _first_days(self) -> list[date]:
        room = self._days[: len(self._days) - self._scenario.length_days + 1]
        fitting = [
            day for day in room
            if self._scenario.on == "any"
            or bool(self._lead.on(day)) == (self._scenario.on == "work")
        ]  # fmt: skip
        self._chance.shuffle(fitting)
        return fitting

    def _steps(self, first: date) -> Iterator[list[Row]]:
        at, today = None, 0
        for number, step in enumerate(self._scenario.step, start=1):
            copies = self._copies(step, number)
            each = len(copies) // step.for_days
            today = today if step.day is None else step.day
            for n in range(step.for_days):
                mine = copies[n * each : (n + 1) * each]
                follows = step.day is None and step.hour is None and not n
                if at is not None and follows:
                    begin = at + timedelta(seconds=step.after_s)
                else:
                    begin = self._begin(step, first + timedelta(days=today + n), mine)
                rows = self._acts(step, mine, begin)
                at = max(time_of(row) for row in rows)
                yield rows
            today += step.for_days - 1

    def _begin(self, step: Step, day: date, copies: list[tuple[Who, list[Row]]]) -> datetime:
        who, acts = copies[0]
        midnight = datetime.combine(day, time(), UTC)
        if step.hour == "copied":
            return datetime.combine(day, time_of(acts[0]).timetz())
        if isinstance(step.hour, float | int):
            spread = timedelta(minutes=self._chance.uniform(0, 20))
            return midnight - who.east + timedelta(hours=step.hour) + spread
        mine = who.on(day) or self._lead.on(day)
        if mine:
            middle = mine[len(mine) // 4 : len(mine) - len(mine) // 4] or mine
            return time_of(self._chance.choice(middle)) + timedelta(seconds=5)
        if self._lead.life:
            usual = time_of(self._chance.choice(self._lead.life))
            return datetime.combine(day, usual.timetz())
        return midnight - who.east + timedelta(hours=10.5)

    def _acts(self, step: Step, copies: list[tuple[Who, list[Row]]], begin: datetime) -> list[Row]:
        rows, at = [], begin
        for who, acts in copies:
            first = time_of(acts[0])
            self._number += 1
            rows += [self._act(step, who, act, at + (time_of(act) - first)) for act in acts]
            at = time_of(rows[-1]) + timedelta(seconds=self._gap(step))
        return rows

    def _gap(self, step: Step) -> float:
        if step.rhythm == "regular":
            return step.every_s * self._chance.uniform(0.995, 1.005)
        return step.every_s * (0.2 + self._chance.expovariate(1 / 0.8))

    # What

    def _copies(self, step: Step, number: int) -> list[tuple[Who, list[Row]]]:
        """Who does which acts; the same number on each day."""
        who = self.cast[step.by] if step.by and step.by != CROWD else self._lead
        of, whose = who, step.whose
        if whose not in WHOSE:
            of, whose = self.cast[whose], "own"
        times = step.times
        if step.fold:
            times = min(5_000, max(times, round(step.fold * self._past.a_day(step.like, of))))
        wanted = times * step.for_days
        most = min(wanted, step.different) if step.different else wanted
        found = self._past.like(
            step.like, whose, who, of, most, f"{self._seed}/{number}", whole=step.whole
        )
        if not found:
            named = {"own": of.name, "peers": f"peers of {of.name}", "others": "others"}
            raise Unfit(
                f"step {number}: no act of {named.get(whose, 'anybody')} is like "
                f"{' '.join(step.like.split())}"
            )
        if step.by == CROWD:
            crowd = self._past.crowd(found[0][0]["source"], step.share, self._seed,
                                     {self._lead.name, *self._busy})  # fmt: skip
            if not crowd:
                raise Unfit(f"step {number}: nobody else acted there in the last thirty days")
            # One machine tries all: as one of those acts was done.
            return [(one, found[0]) for one in crowd] * step.for_days
        return [(who, found[n % len(found)]) for n in range(wanted)]

    def _act(self, step: Step, who: Who, act: Row, when: datetime) -> Row:
        row = {name: act.get(name) for name in activity.SCHEMA.names}
        row["of"], row["copied"] = act["event_id"], {name: act.get(name) for name in _REPLACED}
        row["copied"]["time"] = act["time"]  # type: ignore[index]  # it was just made
        own = act["actor"] == who.name
        row |= {name: who.known.get(name) for name in OF_ACTOR} | {"actor": who.name}
        row |= self._from_where(step, who, act, when, own=own)
        if step.client == "new":
            row |= NEW_CLIENT if act["user_agent"] else {}
        elif step.client == "own" and not own and (last := who.latest(when, act["source"])):
            row |= {name: last[name] for name in CLIENT}
        if act["session"] is not None:
            row["session"] = self._session(step, who, act["source"], when)
        names = {name: one.name for name, one in self.cast.items()}
        row |= {name: filled(value, names) for name, value in step.set.items()}
        moved = when - time_of(act)
        began = act["began"]
        serial = f"{self._seed}/{self._lead.name}/{self._number}/{act['event_id']!r}/{when}"
        digest = hashlib.blake2b(serial.encode(), digest_size=16)
        local = when + who.east
        row |= {
            "time": when, "received": when, "late": False,
            "began": began + moved if isinstance(began, datetime) else None,
            "event_id": digest.digest(), "native_id": f"drill-{digest.hexdigest()}",
            "hour_of_week": None if act["hour_of_week"] is None
            else local.weekday() * 24 + local.hour,
            "workday": _workday(who, local.date()) if act["workday"] is not None else None,
        }  # fmt: skip
        return row

    def _from_where(self, step: Step, who: Who, act: Row, when: datetime, *, own: bool) -> Row:
        if step.place == "copied" or not act["src_ip"]:
            return {}
        if step.place == "own":
            last = who.latest(when, act["source"]) or who.latest(when)
            if last is None:
                return {}
            behalf = {} if own else {"on_behalf_of": last["on_behalf_of"]}
            return {name: last[name] for name in PLACE} | behalf
        if step.place not in self._places:
            self._places[step.place] = self._strange(step.place)
        strange = self._places[step.place]
        return strange | {"region": act["region"], "utc_offset": act["utc_offset"]}

    def _strange(self, place: str) -> Row:
        """An address in a country that the lead never came from."""
        seen = {row["country"] for row in self._lead.life}
        country, city, latitude, longitude = self._chance.choice(
            [one for one in ABROAD if one[0] not in seen] or ABROAD
        )
        host = self._chance.randrange(1, 255)
        hosting = place == "hosting"
        return {
            "src_ip": f"{'198.51.100' if hosting else '203.0.113'}.{host}", "country": country,
            "city": city, "latitude": latitude, "longitude": longitude,
            "asn": 64_496 + host % 16,  # reserved for documentation, too
            "as_org": f"Example {'Hosting' if hosting else 'Telecom'} {country}",
            "ip_class": "hosting" if hosting else "residential", "intel": None,
        }  # fmt: skip

    def _session(self, step: Step, who: Who, source: object, when: datetime) -> object:
        if step.session == "own":
            before = [
                row["session"] for row in who.on(when.date())
                if row["session"] and row["source"] == source and time_of(row) <= when
            ]  # fmt: skip
            if before:
                return before[-1]
        # Of a whole session that is copied, each copy is a session of its own.
        key = (who.name, source, self._number if step.whole else when.toordinal())
        if key not in self._sessions:
            text = f"{self._seed}/{self._lead.name}/{key}"
            self._sessions[key] = hashlib.blake2b(text.encode(), digest_size=10).hexdigest()
        return self._sessions[key]


def _workday(who: Who, day: date) -> bool:
    """As the actor's own acts of that day tell; else whether it is a weekday."""
    for row in who.on(day):
        if row["workday"] is not None:
            return bool(row["workday"])
    return day.weekday() < 5


def _with_records(rows: Sequence[Row], lake: Lake) -> pa.Table:
    """The rows as `activity.SCHEMA`, each with the record of the act that it copies, rewritten."""
    copied = {row["of"]: row["copied"]["time"] for row in rows}  # type: ignore[index]
    ids = [id for id in copied if isinstance(id, bytes)]
    times = [at for at in copied.values() if isinstance(at, datetime)]
    found = lake.events(ids, min(times), max(times))
    records = {
        id: (raw, line)
        for id, raw, line in zip(
            found["event_id"].to_pylist(), found["raw"].to_pylist(),
            found["command_line"].to_pylist(), strict=True,
        )
    }  # fmt: skip
    for row in rows:
        raw, line = records[row["of"]]
        row["raw"], row["command_line"] = raw and rewritten(raw, row), row["command_line"] or line
    return pa.Table.from_pylist(list(rows), activity.SCHEMA)


def rewritten(raw: str, row: Row) -> str:
    """A native record, with what was another's replaced: texts, and the day."""
    copied = row["copied"]
    assert isinstance(copied, dict)  # noqa: S101 - made above
    for name in _REPLACED:
        old, new = copied[name], row[name]
        if not (isinstance(old, str) and isinstance(new, str)) or old == new or not old:
            continue
        old, new = json.dumps(old)[1:-1], json.dumps(new)[1:-1]
        if len(old) < _LEAST_TEXT:
            old, new = f'"{old}"', f'"{new}"'
        raw = raw.replace(old, new)
    day = time_of(copied).date().isoformat()
    return raw.replace(day, time_of(row).date().isoformat())
