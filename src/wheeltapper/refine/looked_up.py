"""What the lake knows about the stories that become cases: asked in bulk, one query a question.

Each function takes the stories (`story, entity, start, end`) of one entity column and gives rows
keyed by `story`. Column names come from our own lists; everything from logs travels as Arrow.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

import duckdb
import polars as pl
import pyarrow as pa

from wheeltapper.activity import ENTITY_COLUMNS
from wheeltapper.refine.reference import ACTIVE, LOGS
from wheeltapper.refine.unpack import frame_of
from wheeltapper.refine.wording import Wording

MOST_EVENTS = 2_000
"""Events that one finding is unfolded to."""
MOST_GATHERED = 2_000_000
"""Acts that are held in memory: a kilobyte each, with what came as it came."""
PEERS_DAYS = 30
"""Who has not acted for so long is nobody's peer any more."""
AROUND = timedelta(hours=1)
"""How long before and after a story it is looked what else was done."""
BEFORE, MEANWHILE, AFTER = 0, 1, 2


class Lake(Protocol):
    """What this room asks of the store."""

    def sql(
        self,
        text: str,
        *,
        tables: Mapping[str, pa.Table] | None = None,
        since: datetime | None = None,
    ) -> pa.Table:
        """Rows of a DuckDB query over the view `activities` and the given tables.

        `since` may leave out what is older; the query still has to say so.
        """
        ...


def gathered(lake: Lake, entities: pa.Table, *, with_raw: bool) -> Lake:
    """Everything the entities ever did, in memory, so that the lake is read once.

    The lake has a file a day: twenty questions to it would open thousands of files twenty times.
    Where they did too much for that, it is the lake itself.

    Parameters
    ----------
    entities   `entity_type` and `entity`
    with_raw   or `raw` is left out, as nothing needs it
    """
    kinds = sorted(set(entities["entity_type"].to_pylist()))
    wanted = " or ".join(
        f"{_column(kind)} in (select entity from entities where entity_type = '{kind}')"
        for kind in kinds
    )
    columns = "*" if with_raw else "* exclude (raw)"
    acts = lake.sql(
        f"select {columns} from activities where {wanted or 'false'} limit {MOST_GATHERED + 1}",
        tables={"entities": entities},
    )
    return lake if len(acts) > MOST_GATHERED else Gathered(acts)


class Gathered:
    """Some acts in memory, which are asked as a lake is."""

    def __init__(self, acts: pa.Table) -> None:
        self._connection = duckdb.connect()
        self._connection.execute("set TimeZone = 'UTC'")
        self._connection.register("activities", acts)

    def sql(
        self,
        text: str,
        *,
        tables: Mapping[str, pa.Table] | None = None,
        since: datetime | None = None,
    ) -> pa.Table:
        for name, table in (tables or {}).items():
            self._connection.register(name, table)
        return self._connection.sql(text).to_arrow_table()


def _column(entity_type: str) -> str:
    if entity_type not in ENTITY_COLUMNS:
        raise ValueError(f"{entity_type!r} is no entity column: {', '.join(ENTITY_COLUMNS)}")
    return entity_type


def active(lake: Lake, since: date | None) -> pl.DataFrame:
    """`ACTIVE`: how many entities of each kind acted on each day from `since`, by peer group."""
    counted = " union all ".join(
        f"""select time::date as day, '{column}' as entity_type,
                   {"peer_group" if column == "actor" else "null"} as peer_group,
                   count(distinct {column})::bigint as n
            from recent where {column} is not null group by all"""
        for column in ENTITY_COLUMNS
    )
    names = ", ".join(ENTITY_COLUMNS)
    found = lake.sql(
        f"with recent as (select time, peer_group, {names} from activities "
        f"where time >= '{_from(since)}'::timestamptz) {counted} order by all",
        since=_from(since),
    )
    return frame_of(found).cast(ACTIVE)  # type: ignore[arg-type]  # the stub wants a narrower mapping


def days_of_sources(lake: Lake, since: date | None) -> pl.DataFrame:
    """`LOGS`: on which days from `since` there was anything of a log."""
    found = lake.sql(
        "select distinct source::varchar as source, time::date as day from activities "
        f"where time >= '{_from(since)}'::timestamptz order by all",
        since=_from(since),
    )
    return frame_of(found).cast(LOGS)  # type: ignore[arg-type]  # the stub wants a narrower mapping


def _from(since: date | None) -> datetime:
    day = since or date(1970, 1, 1)
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def acts(lake: Lake, entity_type: str, stories: pa.Table) -> pl.DataFrame:
    """Everything the entities did in their stories, summed up by kind of act."""
    column = _column(entity_type)
    return frame_of(
        lake.sql(
            f"""
            select s.story, a.source, a.app, a.action, a.outcome,
                   min(a.reason) as reason, sum(coalesce(a."count", 1))::bigint as n,
                   count(distinct a.target)::bigint as targets, min(a.target) as target,
                   min(a.time) as first, max(a.time) as last
            from activities a join stories s on a.{column} = s.entity
            where a.time between s.start and s."end"
            group by all order by s.story, n desc, a.action
            """,
            tables={"stories": stories},
        )
    )


def baselines(lake: Lake, entity_type: str, stories: pa.Table) -> pl.DataFrame:
    """How much was known of the entities before their stories began, and their peer group."""
    column = _column(entity_type)
    return frame_of(
        lake.sql(
            f"""
            select s.story, count(*)::bigint as acts,
                   count(distinct a.time::date)::bigint as days,
                   min(a.time) as since, max(a.peer_group) as peer_group
            from activities a join stories s on a.{column} = s.entity
            where a.time < s.start group by s.story order by s.story
            """,
            tables={"stories": stories},
        )
    )


def around(lake: Lake, entity_type: str, stories: pa.Table, events: pa.Table) -> pl.DataFrame:
    """What else the entities did shortly before, while and after their stories, by kind of act.

    `phase` is `BEFORE`, `MEANWHILE` or `AFTER`. `events` has the `event_id` of each act that the
    stories tell. What comes after ends with the day, in UTC: the next may not be in the lake yet.
    """
    column = _column(entity_type)
    hours = int(AROUND.total_seconds() // 3600)
    return frame_of(
        lake.sql(
            f"""
            select s.story, case when a.time < s.start then {BEFORE}
                                 when a.time <= s."end" then {MEANWHILE} else {AFTER} end as phase,
                   a.source::varchar as source, a.app::varchar as app, a.action::varchar as action,
                   a.outcome::varchar as outcome, min(a.reason) as reason,
                   sum(coalesce(a."count", 1))::bigint as n,
                   count(distinct a.target)::bigint as targets, min(a.target) as target,
                   min(a.time) as first, max(a.time) as last
            from activities a join stories s on a.{column} = s.entity
            where a.time >= s.start - interval {hours} hour
              and a.time <= s."end" + interval {hours} hour
              and a.time < date_trunc('day', s."end") + interval 1 day
              and a.event_id not in (select event_id from events)
            group by all order by s.story, phase, first, app, action, outcome
            """,
            tables={"stories": stories, "events": events},
        )
    )


def places(lake: Lake, entity_type: str, stories: pa.Table) -> pl.DataFrame:
    """From where the entities acted in their stories: `story, src_ip, country, n`, on how many
    `days` before they had used the address, and whether any was `known`.
    """
    column = _column(entity_type)
    return frame_of(
        lake.sql(
            f"""
            with used as (
              select s.story, a.src_ip, max(a.country)::varchar as country,
                     count(*) filter (a.time >= s.start)::bigint as n,
                     count(distinct a.time::date) filter (a.time < s.start)::bigint as days
              from activities a join stories s on a.{column} = s.entity
              where a.src_ip is not null and a.time <= s."end" group by all
            )
            select *, max(days) over (partition by story) > 0 as known from used
            qualify n > 0 order by story, src_ip
            """,
            tables={"stories": stories},
        )
    )


def actors(lake: Lake, entity_type: str, stories: pa.Table) -> pl.DataFrame:
    """Who acted in the stories of what is no account: `story, actor, n`, the busiest first."""
    column = _column(entity_type)
    return frame_of(
        lake.sql(
            f"""
            select s.story, a.actor, count(*)::bigint as n
            from activities a join stories s on a.{column} = s.entity
            where a.actor is not null and a.time between s.start and s."end"
            group by all order by s.story, n desc, a.actor
            """,
            tables={"stories": stories},
        )
    )


def peer_counts(lake: Lake) -> dict[str, int]:
    """Actors by peer group, of the last `PEERS_DAYS` of the lake."""
    last = lake.sql("select max(time) as last from activities")["last"][0].as_py()
    if last is None:
        return {}
    since = last - timedelta(days=PEERS_DAYS)
    table = lake.sql(
        "select peer_group, count(distinct actor)::bigint as n from activities "
        f"where peer_group is not null and time >= '{since}'::timestamptz group by peer_group",
        since=since,
    )
    return dict(zip(table["peer_group"].to_pylist(), table["n"].to_pylist(), strict=True))


def natives(lake: Lake, ids: pa.Table) -> pl.DataFrame:
    """`story, finding, native_id, …` of the events that findings name (`story, finding, id`)."""
    return frame_of(
        lake.sql(
            """
            select i.story, i.finding, a.native_id, a.event_id, a.time, a.source, a.app, a.action,
                   a.outcome, a.reason, a.target, a.bytes, a."count", a.late
            from activities a join ids i on a.event_id = i.id
            order by i.story, i.finding, a.time, a.event_id
            """,
            tables={"ids": ids},
        )
    )


def windows(lake: Lake, wording: Wording, entity_type: str, asked: pa.Table) -> pl.DataFrame:
    """The acts behind counted windows (`story, finding, entity, start, until`)."""
    column = _column(entity_type)
    return frame_of(
        lake.sql(
            f"""
            select w.story, w.finding, a.native_id, a.event_id, a.time, a.source, a.app, a.action,
                   a.outcome, a.reason, a.target, a.bytes, a."count", a.late
            from activities a join asked w on a.{column} = w.entity
            where a.time >= w.start and a.time < w.until and ({wording.filter})
            qualify row_number() over (partition by w.finding order by a.time, a.event_id)
                    <= {MOST_EVENTS}
            order by w.finding, a.time, a.event_id
            """,
            tables={"asked": asked},
        )
    )


def usual(lake: Lake, wording: Wording, entity_type: str, stories: pa.Table) -> pl.DataFrame:
    """The three values that each entity had most before its story, `story, value, n, total`."""
    column = _column(entity_type)
    unit = {"session": "coalesce(a.session, a.event_id::varchar)", "day": "a.time::date"}.get(
        wording.unit, "a.event_id"
    )
    return frame_of(
        lake.sql(
            f"""
            with judged as (
              select {column} as entity, time, session, event_id,
                     ({wording.value})::varchar as value
              from activities where ({wording.filter})
                and {column} in (select entity from stories)
            ), counted as (
              select s.story, a.value, count(distinct {unit})::bigint as n
              from judged a join stories s on a.entity = s.entity
              where a.time < s.start and a.value is not null group by all
            )
            select story, value, n from counted
            qualify row_number() over (partition by story order by n desc, value) <= 4
            order by story, n desc, value
            """,
            tables={"stories": stories},
        )
    )


def wave_acts(lake: Lake, asked: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The acts behind waves (`happening, detector, key, entity, id`), and since when their
    addresses and programs were used: `entity, what` (`src_ip`, `ua_client`), `value, since`.
    """
    acts = frame_of(
        lake.sql(
            """
            select w.happening, w.detector, w.key, w.entity, a.native_id, a.event_id, a.time,
                   a.source::varchar as source, a.app::varchar as app, a.action::varchar as action,
                   a.outcome::varchar as outcome, a.category::varchar as category, a.reason,
                   a.target, a.src_ip, a.ua_client::varchar as ua_client
            from activities a join waves w on a.event_id = w.id
            order by w.happening, w.detector, w.key, a.time, a.event_id
            """,
            tables={"waves": asked.to_arrow()},
        )
    )
    pairs = [
        acts.select("entity", value=column, what=pl.lit(column)).drop_nulls().unique()
        for column in ("src_ip", "ua_client")
    ]
    used = frame_of(
        lake.sql(
            " union all ".join(
                f"""select p.entity, p.what, p.value, min(a.time) as since
                    from activities a join pairs p on a.actor = p.entity and a.{column} = p.value
                    where p.what = '{column}' group by all"""
                for column in ("src_ip", "ua_client")
            ),
            tables={"pairs": pl.concat(pairs).to_arrow()},
        )
    )
    return acts, used
