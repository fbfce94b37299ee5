"""Past: what the lake tells a drill: who there is, what they did, and acts that can be copied.

Read once, without the native records, into a database in memory; of a big lake the last million
acts. Nobody acts here: what a drill knows of people lies before its first day.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import duckdb
import pyarrow as pa

from wheeltapper import activity
from wheeltapper.store.lake import Lake

MOST_ACTS = 1_000_000
"""A drill casts and copies from so many acts, the last ones; whole days."""
MOST_OF_LIFE = 5_000
"""Acts of one actor, the last ones, among which they are met."""
PROFILE = pa.schema(
    [
        pa.field("actor", pa.string()),
        pa.field("actor_type", pa.string()),
        pa.field("department", pa.string()),
        pa.field("role", pa.string()),
        pa.field("peer_group", pa.string()),
        pa.field("privileged", pa.bool_()),
        pa.field("acts", pa.int64()),
        pa.field("days", pa.int64()),
        pa.field("days_30", pa.int64()),
        pa.field("hours", pa.int64()),
        pa.field("hours_east", pa.int64()),
        pa.field("known_days", pa.int64()),
        pa.field("quiet_days", pa.int64()),
        pa.field("signins", pa.int64()),
        pa.field("reads", pa.int64()),
        pa.field("changes", pa.int64()),
        pa.field("failures", pa.int64()),
        pa.field("sessions", pa.int64()),
        pa.field("apps", pa.int64()),
        pa.field("targets", pa.int64()),
        pa.field("countries", pa.int64()),
        pa.field("clients", pa.int64()),
        pa.field("utc_offset", pa.int64()),
        pa.field("sources", pa.list_(pa.string())),
    ]
)
"""What is known of an actor; docs/drill.md says what each is."""
LIKE = (
    pa.field("done_before", pa.int64()),
    pa.field("touched_before", pa.int64()),
    pa.field("done_by", pa.int64()),
)
"""What is known of an act besides its columns: how often whoever is to do it did the same, and
touched the same target; how many did the same."""
OF_ACTOR = ("actor_type", "department", "role", "peer_group", "privileged")
"""Appended columns that follow from who acts."""
_HOUR_OF_WEEK = "(isodow(time) - 1) * 24 + hour(time)"
_PROFILE = f"""
select actor, arg_max(actor_type, time) as actor_type, arg_max(department, time) as department,
  arg_max(role, time) as role, arg_max(peer_group, time) as peer_group,
  arg_max(privileged, time) as privileged, count(*) as acts,
  count(distinct time::date) filter (outcome = 'success') as days,
  count(distinct time::date) filter (outcome = 'success'
    and time >= $cut - interval 30 day) as days_30,
  count(distinct hour(time)) filter (time >= $cut - interval 30 day) as hours,
  coalesce((arg_max(hour_of_week - ({_HOUR_OF_WEEK}), time)::bigint + 252) % 168 - 84, 0)
    as hours_east,
  date_diff('day', min(time), $cut) as known_days, date_diff('day', max(time), $cut) as quiet_days,
  count(*) filter (category = 'authentication') as signins,
  count(*) filter (category = 'data_access') as reads,
  count(*) filter (category in ('account_change', 'admin') and outcome <> 'failure') as changes,
  count(*) filter (outcome = 'failure') as failures, count(distinct session) as sessions,
  count(distinct app) as apps, count(distinct target) as targets,
  count(distinct country) as countries, count(distinct ua_client) as clients,
  mode(utc_offset)::bigint as utc_offset, list_sort(list(distinct source)) as sources
from acts where time < $cut and actor is not null group by actor"""
_WHOSE = {
    "own": "a.actor = $of",
    "peers": "a.actor <> $of and a.peer_group is not distinct from $group",
    "others": "a.actor <> $of and a.actor_type is not distinct from $kind",
    "anybody": "a.actor is not null",
}
Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who acts in a drill."""

    name: str
    known: Mapping[str, object]
    """A row of `PROFILE`; of a new account only where it is."""
    life: list[Row] = field(default_factory=list, repr=False)
    """Their acts, in order of time, without the native record."""

    @property
    def east(self) -> timedelta:
        hours = self.known.get("hours_east")
        return timedelta(hours=hours if isinstance(hours, int) else 0)

    def latest(self, until: datetime, source: object = None) -> Row | None:
        """Their last act before a time, in one source or any, that tells where it came from."""
        fitting = [
            row for row in self.life
            if time_of(row) <= until and row["src_ip"] and source in (None, row["source"])
        ]  # fmt: skip
        return fitting[-1] if fitting else None

    def on(self, day: date) -> list[Row]:
        """Their acts on a day (UTC)."""
        return [row for row in self.life if time_of(row).date() == day]


class Past:
    """The acts that a drill starts from, and those of its days."""

    def __init__(self, lake: Lake, cut: datetime, since: datetime | None) -> None:
        """`cut` is when the drill's first day begins; nothing before `since` is read."""
        self.cut = cut
        columns = [n for n in activity.SCHEMA.names if n not in ("raw", "command_line")]
        acts = lake.activities(since=since, columns=columns)
        self._connection = duckdb.connect()
        self._connection.execute("set TimeZone = 'UTC'")
        self._connection.execute("set enable_external_access = false")
        self._connection.register("given", acts)
        before = "as n from acts where time < $cut group by all"
        for name, text in (
            ("acts", "select * from given"),
            ("profile", _PROFILE),
            ("done", f"select actor, app, action, count(*) {before}"),
            ("touched", f"select actor, target, count(*) {before}"),
            ("doing", f"select app, action, count(distinct actor) {before}"),
        ):
            params = {"cut": cut} if "$cut" in text else {}
            self._connection.execute(f"create table {name} as {text}", params)
        self._connection.unregister("given")
        self._met: dict[str, Who] = {}

    def _rows(self, text: str, **params: object) -> list[Row]:
        used = {name: value for name, value in params.items() if f"${name}" in text}
        rows: list[Row] = self._connection.sql(text, params=used).to_arrow_table().to_pylist()
        return rows

    def actors(self, rule: str, lead: str | None, seed: str) -> list[str]:
        """Names of those who meet a rule, in an order that is chance and hangs on `seed` alone."""
        beside = "" if lead is None else ", (select l as lead from profile l where l.actor = $lead)"
        rows = self._rows(
            f"select p.actor from profile p{beside} where p.actor is distinct from $lead "
            f"and ({rule}\n)",
            lead=lead,
        )
        return sorted((str(row["actor"]) for row in rows), key=lambda name: _drawn(seed, name))

    def who(self, name: str) -> Who:
        """Somebody with their life."""
        if name not in self._met:
            (known,) = self._rows("select * from profile where actor = $name", name=name)
            life = self._rows(
                f"select * from acts where actor = $name order by time desc, event_id "
                f"limit {MOST_OF_LIFE}",
                name=name,
            )
            self._met[name] = Who(name, known, life[::-1])
        return self._met[name]

    def crowd(self, source: object, share: float, seed: str, busy: Collection[str]) -> list[Who]:
        """People who acted in a source in the last thirty days; a share of those not `busy`."""
        rows = self._rows(
            "select * from profile where actor_type = 'human' and days_30 > 0 "
            "and list_contains(sources, $source)",
            source=source,
        )
        names = {str(row["actor"]): row for row in rows if row["actor"] not in busy}
        drawn = sorted(names, key=lambda name: _drawn(seed, name))
        return [Who(name, names[name]) for name in drawn[: round(share * len(drawn))]]

    def a_day(self, like: str, who: Who) -> float:
        """How many acts like that somebody does on a day on which they do any."""
        (row,) = self._rows(
            f"select count(*) / greatest(count(distinct time::date), 1) as n "
            f"from ({self._known('own')}) where ({like}\n)",
            cut=self.cut, who=who.name, of=who.name,
        )  # fmt: skip
        return float(str(row["n"]))

    def like(
        self, like: str, whose: str, who: Who, of: Who, most: int, seed: str, *, whole: bool
    ) -> list[list[Row]]:
        """Acts to copy, drawn by chance: each alone, or with all of its session.

        Parameters
        ----------
        like    SQL on Activity columns and `LIKE`
        whose   `own`, `peers`, `others` or `anybody`, seen from `of`
        who     is to do it
        """
        params = {
            "cut": self.cut, "who": who.name, "of": of.name,
            "group": of.known.get("peer_group"), "kind": of.known.get("actor_type"),
            "seed": seed, "most": most,
        }  # fmt: skip
        chance = "order by md5(lower(hex(event_id)) || $seed) limit $most"
        found = f"select * from ({self._known(whose)}) where ({like}\n)"
        if not whole:
            return [[row] for row in self._rows(f"{found} {chance}", **params)]
        rows = self._rows(
            f"""with each as (select min(event_id) as event_id, actor, source, session
                              from ({found}) where session is not null group by all),
                     one as (select * from each {chance})
                select a.* from acts a join one using (actor, source, session)
                where a.time < $cut order by one.event_id, a.time, a.event_id""",
            **params,
        )
        sessions: dict[tuple[object, object], list[Row]] = {}
        for row in rows:
            sessions.setdefault((row["source"], row["session"]), []).append(row)
        return list(sessions.values())

    def _known(self, whose: str) -> str:
        return f"""
            select a.*, coalesce(d.n, 0) as done_before, coalesce(t.n, 0) as touched_before,
                   coalesce(b.n, 0) as done_by
            from acts a
            left join done d on d.actor = $who and d.app is not distinct from a.app
              and d.action is not distinct from a.action
            left join touched t on t.actor = $who and t.target = a.target
            left join doing b on b.app is not distinct from a.app
              and b.action is not distinct from a.action
            where a.time < $cut and not a.late and {_WHOSE[whose]}"""


def time_of(row: Row) -> datetime:
    time = row["time"]
    assert isinstance(time, datetime)  # noqa: S101 - the schema's type
    return time


def _drawn(*parts: object) -> bytes:
    return hashlib.blake2b("\0".join(map(str, parts)).encode(), digest_size=8).digest()


def since_of(days: Mapping[date, int]) -> datetime | None:
    """From which day the last `MOST_ACTS` acts are; at least that of the last one."""
    acts, first = 0, None
    for day in sorted(days, reverse=True):
        acts += days[day]
        if acts > MOST_ACTS and first is not None:
            break
        first = day
    return None if first is None else datetime(first.year, first.month, first.day, tzinfo=UTC)
