"""Tie: which stories of different accounts, addresses and machines belong to one happening.

An intruder makes a role and acts as it, tries one password on forty accounts from one address,
puts back under a second name what was taken out. A tie is a fact in the log, told with the case:

    session   within a day both acted in the same session
    made      one made, or changed, the account that the other acted as soon after
    address   both came, for the first time, from the same address that few ever came from
    machine   one is about the machine on which the other acted for the first time
    target    within a day both touched a thing that hardly anybody had touched for a month

Habits tie nothing: an address that is the office's, a bucket that a team works in every day, the
accounts that the personnel system makes.
"""

from collections.abc import Mapping
from typing import Protocol

import polars as pl
import pyarrow as pa

from wheeltapper.activity import ENTITY_COLUMNS
from wheeltapper.refine.unpack import frame_of

LEAST_EVIDENCE = 3.0
"""Bits; a story that says less is tied to nothing."""
MOST_FRESH = 5
"""An address that more came from for the first time is a new office, or a provider's."""
MOST_TOGETHER = 3
"""Stories that touch the same thing for the first time: more, and it is something new for all."""
MOST_MADE = 5
"""Accounts that somebody did the same to before: more, and it is their daily work."""
MOST_TOUCHED = 2
"""Accounts that touched a thing in the month before: more, and it is their daily work."""
SCHEMA = {"a": pl.Int64, "b": pl.Int64, "why": pl.String, "what": pl.String}


class Lake(Protocol):
    """What this step asks of the store."""

    def sql(self, text: str, *, tables: Mapping[str, pa.Table] | None = None) -> pa.Table: ...


def ties(lake: Lake, stories: pl.DataFrame, findings: pl.DataFrame) -> pl.DataFrame:
    """Pairs of stories by `span`: `a, b, why, what`, each pair and reason once.

    Parameters
    ----------
    stories    from `combine`: `entity_type, entity, span, start, end, evidence`
    findings   with the `span` of the story and the `target` of the act they rest on
    """
    known = stories.filter(pl.col("evidence") >= LEAST_EVIDENCE)
    if len(known) < 2:
        return pl.DataFrame(schema=SCHEMA)
    columns = known.select(pl.col("span").cast(pl.Int64), "entity_type", "entity", "start", "end")
    touched = (
        findings.select(pl.col("span").cast(pl.Int64), "target", "time")
        .drop_nulls()
        .join(columns.select("span", "entity"), on="span")
        .group_by("span", "entity", "target")
        .agg(pl.col("time").min())
    )
    tables = {"stories": columns.to_arrow(), "touched": touched.to_arrow()}
    return frame_of(lake.sql(_QUERY, tables=tables)).cast(SCHEMA)  # type: ignore[arg-type]  # the stub wants a narrower mapping


# Of each kind of entity, what its stories hold.
_MINE = " union all ".join(
    f"""select s.span, s.start as begun, a.actor, a.src_ip, a.device, a.session, a.target,
               a.category, a.outcome, a.action, a.time
        from stories s join activities a on a.{column} = s.entity
        where s.entity_type = '{column}' and a.time between s.start and s."end" """
    for column in ENTITY_COLUMNS
)

# First uses are looked for among those pairs only that the stories hold.
_QUERY = f"""
with mine as materialized ({_MINE}),
pairs as (
  select distinct span, begun, actor, src_ip, device from mine where actor is not null
), uses as (
  select p.span, p.begun, p.actor, p.src_ip as place, min(a.time) as first, 'address' as kind
  from (select distinct span, begun, actor, src_ip from pairs where src_ip is not null) p
    join activities a on a.actor = p.actor and a.src_ip = p.src_ip group by all
  union all
  select p.span, p.begun, p.actor, p.device, min(a.time), 'machine'
  from (select distinct span, begun, actor, device from pairs where device is not null) p
    join activities a on a.actor = p.actor and a.device = p.device group by all
), fresh as (
  select * from uses where first >= begun
), few as (
  select place, kind from fresh group by all having count(distinct actor) <= {MOST_FRESH}
), month as (
  select t.span, t.entity, t.target, t.time, count(distinct a.actor) as others
  from touched t left join activities a on a.target = t.target
    and a.time >= t.time - interval 30 day and a.time < t.time - interval 1 day
  group by all
), rare as (
  select * from month where others <= {MOST_TOUCHED}
    and target in (
      select target from touched group by 1 having count(distinct entity) <= {MOST_TOGETHER})
), sessions as (
  select span, session, min(time) as first, max(time) as last
  from mine where session is not null group by all
), made as (
  select m.span, s.span as other, s.entity, m.actor, m.action, m.time
  from mine m join stories s on s.entity_type = 'actor' and s.span <> m.span
    and (m.target = s.entity or string_split(m.target, '/')[-1] = s.entity)
  where m.category in ('account_change', 'admin') and m.outcome = 'success'
    and m.actor <> s.entity and s.start >= m.time and s.start <= m.time + interval 2 day
), trade as (
  select d.actor, d.action, d.time
  from (select distinct actor, action, time from made) d join activities a
    on a.actor = d.actor and a.action = d.action and a.time < d.time - interval 1 day
  group by all having count(distinct a.target) > {MOST_MADE}
)
select distinct least(a, b) as a, greatest(a, b) as b, why, what from (
select a.span as a, b.span as b, 'session' as why, a.session as what
from sessions a join sessions b on a.session = b.session and a.span < b.span
  and a.first <= b.last + interval 1 day and b.first <= a.last + interval 1 day
union
select span, other, 'made', entity from made
where (actor, action, time) not in (select (actor, action, time) from trade)
union
select a.span, b.span, 'address', a.place
from fresh a join fresh b on a.place = b.place and a.kind = 'address' and b.kind = 'address'
  and a.actor <> b.actor and a.span < b.span
  and abs(date_diff('hour', a.first, b.first)) <= 24
where a.place in (select place from few where kind = 'address')
union
select s.span, f.span, f.kind, f.place
from fresh f join stories s on s.entity = f.place and s.span <> f.span
  and s.entity_type = (case f.kind when 'address' then 'src_ip' else 'device' end)
  and f.first between s.start - interval 1 day and s."end" + interval 1 day
where (f.place, f.kind) in (select (place, kind) from few)
union
select a.span, b.span, 'target', a.target
from rare a join rare b on a.target = b.target and a.span < b.span and a.entity <> b.entity
  and abs(date_diff('hour', a.time, b.time)) <= 24
) order by 1, 2, 3, 4
"""
