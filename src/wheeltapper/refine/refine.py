"""Refine: data anomalies become cases that an application owner recognises.

The steps of the design, each in a file of its own: weigh, habit, discount, calibrate, suppress,
group, link, combine; those within the budget are raised; then the lake is asked about them, and
they are told. What a day leaves behind for those that come is its `Reference`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import polars as pl
import pyarrow as pa

from wheeltapper import config
from wheeltapper.case import Case
from wheeltapper.refine import looked_up
from wheeltapper.refine.answer import answered
from wheeltapper.refine.around import seen
from wheeltapper.refine.budget import raised
from wheeltapper.refine.calibrate import calibrate, scores, spoken, told
from wheeltapper.refine.campaign import absorbed, campaigns
from wheeltapper.refine.combine import STORY, added, combine
from wheeltapper.refine.compose import compose
from wheeltapper.refine.discount import discount
from wheeltapper.refine.feedback import NONE, Feedback
from wheeltapper.refine.follow import follow
from wheeltapper.refine.group import group
from wheeltapper.refine.habit import habit, said
from wheeltapper.refine.learn import as_if_unlearned, learn
from wheeltapper.refine.link import link
from wheeltapper.refine.looked_up import Lake, gathered
from wheeltapper.refine.reference import NOTHING, Reference
from wheeltapper.refine.relieve import relieve
from wheeltapper.refine.suppress import as_if_unhidden, still_told, suppress
from wheeltapper.refine.telling import telling_of
from wheeltapper.refine.tie import ties
from wheeltapper.refine.unpack import frame_of, table_of, unpacked
from wheeltapper.refine.warm_up import as_if_warm, settled, warm_up
from wheeltapper.refine.weigh import weigh
from wheeltapper.refine.wording import Wording, Wordings
from wheeltapper.refine.words import Vocabulary
from wheeltapper.suppression import Suppression

MOST_FINDINGS = 60
"""Findings shown in one case; the weightiest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stories:
    """What findings make before they are told."""

    weighed: pl.DataFrame
    """The findings, each with its `span` and its `evidence`."""
    stories: pl.DataFrame
    """One row a story, with `score`."""
    reference: Reference
    """With the days of the findings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refined:
    """Cases, and what the next time has to know."""

    cases: list[Case]
    reference: Reference
    """With the days that were looked at now; those that are not over are still to change."""


def measured(
    weighed: pl.DataFrame, reference: Reference, *, active: pl.DataFrame, logs: pl.DataFrame
) -> tuple[pl.DataFrame, Reference]:
    """What findings are worth here, before anybody says anything of them; and the grown reference.

    `active` and `logs` are those of the days that `reference` does not know.
    """
    since = _since(reference)
    worth = habit(relieve(weighed), reference.habits)
    new = worth if since is None else worth.filter(pl.col("time").dt.date() >= since)
    grown = reference.plus(
        Reference(active=active, logs=logs, spoken=spoken(new), habits=said(new))
    )
    return warm_up(discount(calibrate(worth, grown)), grown.logs), grown


def _since(reference: Reference) -> date | None:
    """The first day that it does not know; None: it knows none."""
    return reference.last + timedelta(days=1) if reference.last else None


def stories_of(
    findings: pl.DataFrame,
    lake: Lake,
    *,
    wordings: Wordings,
    words: Vocabulary,
    settings: config.Refine,
    feedback: Feedback = NONE,
    reference: Reference = NOTHING,
) -> Stories:
    """Stories of findings (as `unpacked`), scored against the days before each.

    `reference` knows the days that are over. Findings of later days are new; those of its own last
    days are there so that stories which go on are whole.
    """
    since = _since(reference)
    weighed, grown = measured(
        weigh(findings, wordings, words.severity),
        reference,
        active=looked_up.active(lake, since),
        logs=looked_up.days_of_sources(lake, since),
    )
    weighed = learn(answered(weighed, feedback.answers), feedback.judged)
    weighed = suppress(weighed, feedback.suppressions, feedback.judged)
    weighed = group(weighed, settings.gap_hours)
    # What is tied, and how rare a story is, does not change by what was said of others.
    unhidden = as_if_unlearned(as_if_unhidden(weighed))
    alone = combine(unhidden)
    tied = ties(lake, alone, unhidden)
    # The measure is what single entities show: ties are looked for again as more is known.
    begun = _measure(alone, unhidden, settled(grown.logs), since)
    grown = grown.plus(Reference(told=told(begun)))
    weighed = link(weighed, combine(weighed), tied)
    stories = still_told(combine(weighed), weighed)
    unlearned = combine(as_if_unlearned(weighed)).select(*STORY, unlearned="evidence")
    stories = (
        scores(stories, grown)
        .join(unlearned, on=STORY, how="left", maintain_order="left")
        .with_columns(learned_bits=pl.col("evidence") - pl.col("unlearned"))
        .join(_where(weighed), on=STORY, how="left", maintain_order="left")
    )
    return Stories(weighed=weighed, stories=stories, reference=grown)


def _measure(
    stories: pl.DataFrame, findings: pl.DataFrame, warm: date | None, since: date | None
) -> pl.DataFrame:
    """The stories that begin on `since` or later, those before `warm` of whole evidence."""
    day = pl.col("start").dt.date()
    new = stories if since is None else stories.filter(day >= since)
    if warm and since and since >= warm:
        return new
    cold = pl.lit(True) if warm is None else day < warm
    whole = combine(as_if_warm(findings)).select(stories.columns)
    begun = whole if since is None else whole.filter(day >= since)
    return pl.concat([begun.filter(cold), new.filter(~cold)])


def _where(weighed: pl.DataFrame) -> pl.DataFrame:
    """Application and team of each story: those of its weightiest finding that has one."""
    heaviest = weighed.sort("evidence", "time", "detector", descending=[True, False, False])
    return heaviest.group_by(STORY, maintain_order=True).agg(
        app=pl.col("app").drop_nulls().first(), team=pl.col("peer_group").drop_nulls().first()
    )


def refine(
    findings: pa.Table,
    lake: Lake,
    *,
    wordings: Wordings,
    words: Vocabulary,
    settings: config.Refine,
    feedback: Feedback = NONE,
    reference: Reference = NOTHING,
) -> Refined:
    """Cases from findings, most unusual first.

    Parameters
    ----------
    findings : pa.Table    `finding.SCHEMA`; all of a workspace, or those since some days before the
        first that `reference` does not know
    lake : answers questions about activities
    feedback : what people have said of cases before
    reference : of the days that are over
    """
    found = stories_of(
        unpacked(findings), lake, wordings=wordings, words=words, settings=settings,
        feedback=feedback, reference=reference,
    )  # fmt: skip
    chosen, bars = raised(found.stories, found.reference, settings)
    known = replace(found.reference, bars=bars)
    cases = campaigns(
        found.weighed, found.stories, lake, wordings, words, found.reference.habits,
        since=_since(reference),
    )  # fmt: skip
    if reference.last:  # those that were over by then are told
        chosen = chosen.filter(pl.col("end").dt.date() > reference.last)
        cases = [case for case in cases if case.end.date() > reference.last]
    if len(chosen):
        weighed = follow(found.weighed, chosen, lake)
        numbered = chosen.with_row_index("story").with_columns(pl.col("story").cast(pl.Int64))
        cases += _told(numbered, weighed, lake, wordings, words, feedback.suppressions)
    return Refined(cases=_ranked(absorbed(cases)), reference=known)


def _ranked(cases: Sequence[Case]) -> list[Case]:
    """The same, most unusual first; of as unusual ones in the order in which they came."""
    ordered = sorted(cases, key=lambda case: -case.score)
    return [replace(case, rank=n) for n, case in enumerate(ordered, start=1)]


def tell(
    findings: pa.Table,
    lake: Lake,
    *,
    wordings: Wordings,
    words: Vocabulary,
    settings: config.Refine,
) -> list[Case]:
    """Findings in words, whatever they weigh: the cases they would make by themselves, unranked.

    For those that are asked about one by one; parameters as of `refine`.
    """
    if not len(findings):
        return []
    found = stories_of(unpacked(findings), lake, wordings=wordings, words=words, settings=settings)
    chosen = found.stories.with_row_index("story").with_columns(pl.col("story").cast(pl.Int64))
    return _told(chosen, found.weighed, lake, wordings, words, ())


def _told(
    chosen: pl.DataFrame,
    weighed: pl.DataFrame,
    whole_lake: Lake,
    wordings: Wordings,
    words: Vocabulary,
    suppressions: Sequence[Suppression],
) -> list[Case]:
    with_raw = any("raw" in w.filter + w.value for w in wordings.by_name.values())
    # One row for each (detector, value) of a story: repeats are told once.
    mine = added(weighed.join(chosen.select(*STORY, "story"), on=STORY))
    members = _members(mine)
    lake = gathered(
        whole_lake, table_of(members.select("entity_type", "entity").unique()), with_raw=with_raw
    )
    mine = mine.join(
        members.select("story", "member", own_type="entity_type", own_entity="entity"),
        on=["story", "own_type", "own_entity"],
    )
    merged = (
        mine.sort(
            "evidence", "time", pl.col("event_ids").list.first(), descending=[True, False, False]
        )
        .group_by("story", "member", "detector", "key", maintain_order=True)
        .agg(
            pl.all()
            .exclude("story", "member", "detector", "key", "event_ids", "time", "adds")
            .first(),
            pl.col("adds").max(),
            pl.col("time").first(),
            pl.col("event_ids").list.explode(keep_nulls=False, empty_as_null=False),
            first=pl.col("time").min(),
            last=pl.col("time").max(),
            repeats=pl.len(),
        )
        .sort(["story", "evidence", "first", "member", "detector", "key"],
              descending=[False, True, False, False, False, False])
        .group_by("story", maintain_order=True)
        .head(MOST_FINDINGS)
        .with_row_index("finding")
        .with_columns(pl.col("finding").cast(pl.Int64))
    )  # fmt: skip
    events = _events(merged, lake, wordings)
    span = events.group_by("story").agg(start=pl.col("time").min(), end=pl.col("time").max())
    chosen = (
        chosen.rename({"start": "began"})
        .drop("end")
        .join(span, on="story", how="inner")
        .sort("story")
    )
    if not len(chosen):  # their acts have gone from the lake
        return []
    whole = members.join(chosen.select("story", "start", "end"), on="story")
    asked = {
        str(kind[0]): table_of(part.select("entity", "start", "end", story="member"))
        for kind, part in whole.group_by("entity_type", maintain_order=True)
    }
    acts = pl.concat([looked_up.acts(lake, kind, t) for kind, t in asked.items()])
    known = pl.concat([looked_up.baselines(lake, kind, t) for kind, t in asked.items()])
    leaders = whole.sort("member").unique("story", keep="first", maintain_order=True)
    around = seen(lake, leaders.select("story", "entity_type", "entity", "start", "end"), events)
    usual = _usual(merged, asked, lake, wordings)
    peers = looked_up.peer_counts(whole_lake)
    by_story = {k[0]: part for k, part in merged.group_by("story", maintain_order=True)}
    members_of = {k[0]: part for k, part in members.group_by("story", maintain_order=True)}
    events_of = {k[0]: part for k, part in events.group_by("story", maintain_order=True)}
    known_of = {row["story"]: row for row in known.to_dicts()}
    by_id = {one.id: one for one in suppressions}
    return [
        compose(
            row,
            by_story[row["story"]],
            members_of[row["story"]],
            acts,
            events_of[row["story"]],
            around[row["story"]],
            known_of,
            usual,
            peers,
            wordings,
            words,
            by_id,
            rank=place,
        )
        for place, row in enumerate(chosen.to_dicts(), start=1)
    ]


def _members(findings: pl.DataFrame) -> pl.DataFrame:
    """`member, story, entity_type, entity, why, what, whose`: whom the stories are about.

    First of each story the one it is told of, then those that are tied to it, by their evidence.
    """
    return (
        findings.group_by(
            "story", "own_type", "own_entity", first=pl.col("own_entity") == pl.col("entity")
        )
        .agg(pl.col("evidence").sum(), pl.col("why", "what", "whose").drop_nulls().first())
        .sort(["story", "first", "evidence", "own_type", "own_entity"],
              descending=[False, True, True, False, False])
        .rename({"own_type": "entity_type", "own_entity": "entity"})
        .with_row_index("member")
        .with_columns(pl.col("member").cast(pl.Int64))
    )  # fmt: skip


def _events(merged: pl.DataFrame, lake: Lake, wordings: Wordings) -> pl.DataFrame:
    """`story, finding, native_id, event_id, time` of all acts that the findings rest on."""
    ids = merged.select("story", "finding", id="event_ids", time="time").explode("id")
    found = [looked_up.natives(lake, table_of(ids))]
    unfolded = [w.name for w in wordings.by_name.values() if telling_of(w.family).unfolds != "acts"]
    counted = merged.filter(pl.col("detector").is_in(unfolded))
    for (detector, kind), part in counted.group_by("detector", "own_type", maintain_order=True):
        wording = wordings.of(str(detector))
        start, until = _unfolded(wording)
        asked = part.select("story", "finding", entity="own_entity", start=start, until=until)
        found.append(looked_up.windows(lake, wording, str(kind), table_of(asked)))
    return pl.concat(found, how="diagonal").unique(
        ["story", "finding", "event_id"], keep="first", maintain_order=True
    )


def _unfolded(wording: Wording) -> tuple[pl.Expr, pl.Expr]:
    """From when to before when acts stand behind a finding, which lasts from `first` to `last`."""
    if telling_of(wording.family).unfolds == "before":
        back = timedelta(hours=wording.looks_back_hours)
        return pl.col("first") - back, pl.col("last") + timedelta(microseconds=1)
    width = f"{wording.window_hours}h"
    return pl.col("first").dt.truncate(width), pl.col("last").dt.truncate(width).dt.offset_by(width)


def _usual(
    merged: pl.DataFrame, asked: Mapping[str, pa.Table], lake: Lake, wordings: Wordings
) -> dict[tuple[int, str], list[tuple[str, int]]]:
    usual: dict[tuple[int, str], list[tuple[str, int]]] = {}
    for (detector, kind), part in merged.group_by("detector", "own_type", maintain_order=True):
        wording = wordings.of(str(detector))
        if not (telling_of(wording.family).compares and wording.value):
            continue
        stories = frame_of(asked[str(kind)]).filter(pl.col("story").is_in(part["member"].implode()))
        for row in looked_up.usual(lake, wording, str(kind), table_of(stories)).to_dicts():
            usual.setdefault((row["story"], str(detector)), []).append((row["value"], row["n"]))
    return usual
