"""Tie: which stories of different accounts, addresses and machines belong to one happening.

An intruder makes a role and acts as it, tries one password on forty accounts from one address,
puts back under a second name what was taken out. A tie is a fact in the log, told with the case:

    session   within a day both accounts acted in the same session
    made      one made, or changed, the account that the other acted as soon after
    address   both came, for the first time, from the same address that few ever came from
    machine   one is about the machine on which the other acted for the first time
    target    within a day both touched a thing that hardly anybody had touched for a month
    refused   one is about an address, the other about the application that refused it most often

Habits tie nothing: an address that is the office's, a bucket that a team works in every day, the
accounts that the personnel system makes. Who was refused has not come.

One of the two has to say something by itself. The other may hardly say anything, where it acted in
the session of the first, as an account that the first made, or where half of what it did was to the
very thing that the first touched: what undoes an act, or does it again, is seldom odd in itself.
"""

from collections.abc import Mapping
from typing import Protocol

import polars as pl
import pyarrow as pa

from wheeltapper.activity import ENTITY_COLUMNS
from wheeltapper.refine.unpack import frame_of

LEAST_EVIDENCE = 3.0
"""Bits; two stories that say less are not tied to each other."""
MOST_FRESH = 5
"""An address that more came from for the first time is a new office, or a provider's."""
MOST_TOGETHER = 3
"""Entities whose stories touch a thing within a day: more, and it is something new for all."""
MOST_MADE = 5
"""Accounts that somebody did the same to before: more, and it is their daily work."""
LEAST_SHARE = 0.5
"""Of the acts of a story that hardly says anything: those on the thing that ties it. Of what an
application refused: what came from the address."""
MOST_TOUCHED = 2
"""Accounts that touched a thing in the month before: more, and it is their daily work."""
SCHEMA = {"a": pl.Int64, "b": pl.Int64, "why": pl.String, "what": pl.String}


def trade(changes: str, who: str) -> str:
    """SQL: those of `changes` (`who`, action, time) who did the same to many before: daily work.

    The first time on each target is looked at once, however many changes there are.
    """
    return f"""
  select distinct d.{who}, d.action, d.time from {changes} d join (
    select a.actor, a.action, min(a.time) as first,
           row_number() over (partition by a.actor, a.action order by min(a.time)) as nth
    from activities a semi join {changes} c on c.{who} = a.actor and c.action = a.action
    where a.target is not null group by a.actor, a.action, a.target
    qualify nth = {MOST_MADE + 1}
  ) many on many.actor = d.{who} and many.action = d.action
    and many.first < d.time - interval 1 day"""


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
    known = stories.filter(pl.col("evidence") > 0).with_columns(
        weighty=pl.col("evidence") >= LEAST_EVIDENCE
    )
    if len(known) < 2 or not known["weighty"].any():
        return pl.DataFrame(schema=SCHEMA)
    named = known.select(
        pl.col("span").cast(pl.Int64), "entity_type", "entity", "start", "end", "weighty"
    )
    touched = (
        findings.select(pl.col("span").cast(pl.Int64), "target", "time")
        .drop_nulls()
        .join(named.select("span", "entity", "entity_type", "weighty"), on="span")
        .group_by("span", "entity", "entity_type", "weighty", "target")
        .agg(pl.col("time").min())
    )
    tables = {
        "stories": named.filter("weighty").drop("weighty").to_arrow(),
        "slight": named.filter(~pl.col("weighty")).drop("weighty").to_arrow(),
        "touched": touched.to_arrow(),
    }
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
  select distinct span, begun, actor, src_ip, device from mine
  where actor is not null and outcome is distinct from 'failure'
), uses as (
  select p.span, p.begun, p.actor, p.src_ip as place, min(a.time) as first, 'address' as kind
  from (select distinct span, begun, actor, src_ip from pairs where src_ip is not null) p
    join activities a on a.actor = p.actor and a.src_ip = p.src_ip
  where a.outcome is distinct from 'failure' group by all
  union all
  select p.span, p.begun, p.actor, p.device, min(a.time), 'machine'
  from (select distinct span, begun, actor, device from pairs where device is not null) p
    join activities a on a.actor = p.actor and a.device = p.device
  where a.outcome is distinct from 'failure' group by all
), fresh as (
  select * from uses where first >= begun
), few as (
  select place, kind from fresh group by all having count(distinct actor) <= {MOST_FRESH}
), busy as (
  select target, time::date as day from touched
  group by all having count(distinct entity) > {MOST_TOGETHER}
), calm as (
  select t.* from touched t where not exists (
    select 1 from busy b where b.target = t.target
      and b.day between t.time::date - 1 and t.time::date + 1)
), month as (
  select t.span, t.entity, t.target, t.time, count(distinct a.actor) as others
  from calm t left join activities a on a.target = t.target
    and a.time >= t.time - interval 30 day and a.time < t.time - interval 1 day
  where t.weighty group by all
), together as (
  select t.span, t.target, count(distinct u.entity) as entities
  from calm t join calm u on t.target = u.target
    and u.time between t.time - interval 1 day and t.time + interval 1 day
  where t.weighty group by all
), rare as (
  select m.* from month m join together t using (span, target)
  where m.others <= {MOST_TOUCHED} and t.entities <= {MOST_TOGETHER}
), again as (
  select a.span, b.span as other, a.target
  from rare a join calm b on a.target = b.target and a.entity <> b.entity
    and b.time between a.time - interval 1 day and a.time + interval 1 day
    join slight s on s.span = b.span and s.entity_type = 'actor'
    join activities x on x.actor = s.entity and x.time between s.start and s."end"
  group by all having avg((x.target is not distinct from a.target)::int) >= {LEAST_SHARE}
), sessions as (
  select m.span, m.session, min(m.time) as first, max(m.time) as last
  from mine m join stories s on s.span = m.span and s.entity_type = 'actor'
  where m.session is not null group by all
), joined as (
  select distinct s.span, w.span as other, s.session
  from sessions s join stories o on o.span = s.span
    join activities a on a.session = s.session and a.actor <> o.entity
      and a.time between s.first - interval 1 day and s.last + interval 1 day
    join slight w on w.entity_type = 'actor' and w.entity = a.actor
      and a.time between w.start and w."end"
), made as (
  select m.span, s.span as other, s.entity, m.actor, m.action, m.time
  from mine m join (select * from stories union all select * from slight) s
    on s.entity_type = 'actor' and s.span <> m.span
    and (m.target = s.entity or string_split(m.target, '/')[-1] = s.entity)
  where m.category in ('account_change', 'admin') and m.outcome = 'success'
    and m.actor <> s.entity and s.start >= m.time and s.start <= m.time + interval 2 day
), trade as ({trade("made", "actor")}
), refusals as (
  select s.span, s.start, s."end", a.src_ip, count(*) as n
  from stories s join activities a on a.app = s.entity and a.outcome = 'failure'
    and a.time between s.start - interval 1 hour and s."end"
  where s.entity_type = 'app' group by all
), most as (
  select *, n / sum(n) over (partition by span) as share from refusals
), refused as (
  select m.span, t.span as other, t.entity
  from most m join stories t on t.entity_type = 'src_ip' and t.entity = m.src_ip
    and t.start <= m."end" + interval 1 hour and t."end" >= m.start - interval 1 hour
  where m.share >= {LEAST_SHARE}
)
select distinct least(a, b) as a, greatest(a, b) as b, why, what from (
select a.span as a, b.span as b, 'session' as why, a.session as what
from sessions a join sessions b on a.session = b.session and a.span < b.span
  and a.first <= b.last + interval 1 day and b.first <= a.last + interval 1 day
union
select span, other, 'session', session from joined
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
union
select span, other, 'target', target from again
union
select span, other, 'refused', entity from refused
) order by 1, 2, 3, 4
"""
