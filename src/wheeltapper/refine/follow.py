"""Follow: what an account did that belongs to a case, though no detector spoke of it.

A new account has no history that anything could be unlike, and one that was let in after a hundred
others were refused may do nothing odd. What they did is told with the case all the same:

    made   what an account did within two days after somebody of the case made it; one that was
           there before only from where it never acted
    came   what an account did within a day from the address that the case is about, where few
           were let in from it, and none before

It is told and weighs nothing: no case comes of it, and none comes higher. What detectors said of
those accounts stands beside it. As in `tie`, who makes accounts every week makes no chain.
"""

import polars as pl

from wheeltapper.refine import explain
from wheeltapper.refine.combine import STORY
from wheeltapper.refine.looked_up import Lake
from wheeltapper.refine.tie import MOST_FRESH, trade
from wheeltapper.refine.unpack import frame_of
from wheeltapper.refine.wording import TIE

MOST_ACTS = 2_000
"""Of one account in one case, the first."""


def follow(findings: pl.DataFrame, chosen: pl.DataFrame, lake: Lake) -> pl.DataFrame:
    """Findings (as `link` leaves them), and one for each account that is followed.

    `chosen` are the stories that become cases.
    """
    mine = findings.join(chosen.select(STORY), on=STORY, how="semi")
    members = mine.group_by(*STORY, "own_type", "own_entity", "own_span").agg(
        start=pl.col("time").min(), end=pl.col("time").max()
    )
    if members.is_empty():
        return findings
    asked = members.with_columns(pl.col("span", "own_span").cast(pl.Int64))
    found = frame_of(lake.sql(_QUERY, tables={"members": asked.to_arrow()}))
    found = found.unique(["span", "own_entity"], keep="first", maintain_order=True)
    if found.is_empty():
        return findings
    titles = [explain.tie(*row) for row in found.select("why", "what", "whose").rows()]
    made = found.with_columns(
        pl.col("span").cast(findings.schema["span"]),
        pl.col("time").cast(findings.schema["time"]),
        title=pl.Series(titles, dtype=pl.String),
        detector=TIE + pl.col("why"),
        own_type=pl.lit("actor"),
        own_span=pl.col("span").cast(findings.schema["own_span"]),
        key=pl.lit(""),
        learned=pl.lit(""),
        learned_share=pl.lit(1.0),
        **{name: pl.lit(0.0) for name in _NUMBERS},
        **{name: pl.lit(0) for name in _COUNTS},
    )
    return pl.concat([findings, made], how="diagonal_relaxed")


_NUMBERS = ("evidence", "whole", "bits", "llr", "observed", "expected")
_COUNTS = ("baseline_n", "cases", "cases_malicious", "cases_policy", "cases_wrong")


_QUERY = f"""
with changed as (
  select m.entity_type, m.entity, m.span, m.own_entity as whose, a.time, a.action,
         string_split(a.target, '/')[-1] as made
  from members m join activities a on a.actor = m.own_entity
  where m.own_type = 'actor' and a.time between m.start and m."end" and a.target is not null
    and a.category in ('account_change', 'admin') and a.outcome = 'success'
), trade as ({trade("changed", "whose")}
), made as (
  select entity_type, entity, span, arg_min(whose, time) as whose, made, min(time) as time
  from changed where (whose, action, time) not in (select (whose, action, time) from trade)
    and made <> whose group by all
), seen as (
  select a.actor, a.src_ip, min(a.time) as first from activities a
    semi join made m on m.made = a.actor group by all
), begun as (
  select actor, min(first) as first from seen group by all
), of_made as (
  select m.entity_type, m.entity, m.span, a.actor as own_entity, 'made' as why, m.made as what,
         m.whose, a.event_id, a.time
  from made m join activities a on a.actor = m.made
      and a.time >= m.time and a.time <= m.time + interval 2 day
    join begun b on b.actor = a.actor
    left join seen s on s.actor = a.actor and s.src_ip = a.src_ip
  where b.first >= m.time or s.first >= m.time
), let_in as (
  select m.entity_type, m.entity, m.span, m.own_entity as place, m.start, a.actor
  from members m join activities a on a.src_ip = m.own_entity and a.actor is not null
    and a.outcome is distinct from 'failure' and a.time >= m.start
    and a.time <= m."end" + interval 1 day
  where m.own_type = 'src_ip' group by all
), known as (
  select a.src_ip as place, min(a.time) as first from activities a
    semi join let_in l on l.place = a.src_ip
  where a.outcome is distinct from 'failure' group by all
), few as (
  select l.* from let_in l join known k using (place) where k.first >= l.start
  qualify count(*) over (partition by span, place) <= {MOST_FRESH}
), came as (
  select f.entity_type, f.entity, f.span, a.actor as own_entity, 'came' as why, f.place as what,
         f.place as whose, a.event_id, a.time
  from few f join activities a on a.actor = f.actor and a.src_ip = f.place
    and a.time >= f.start and a.time <= f.start + interval 2 day
), acts as (
  select distinct * from (select * from of_made union all select * from came)
), counted as (
  select *, row_number() over (partition by span, own_entity, why order by time, event_id) as nth
  from acts
)
select entity_type, entity, span, own_entity, why, min(what) as what, min(whose) as whose,
       min(time) as time, list(event_id order by time, event_id) as event_ids
from counted where nth <= {MOST_ACTS}
group by entity_type, entity, span, own_entity, why order by span, own_entity, why
"""
