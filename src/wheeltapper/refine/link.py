"""Link: stories that are tied become one, told of the account whose story weighs most.

What each finding is about stays with it, so that the case says who did what. A few strong stories
are one happening; a chain through half the organisation is none, so a case grows to `MOST` stories
and no further, by the weightiest first.
"""

import polars as pl

MOST = 12
"""Stories in one case."""
LOOSE = 0.25
"""Of its evidence a story brings so much along where the tie is a place or a thing: colleagues at
one conference are no better reason for a case than one of them. What was done in one session, or
as an account made for it, counts whole."""
CLOSE = ("session", "made")


def link(findings: pl.DataFrame, stories: pl.DataFrame, ties: pl.DataFrame) -> pl.DataFrame:
    """Findings whose `entity_type, entity, span` are those of the story they are told in.

    Whom they are about is in `own_type, own_entity`, the story they came from in `own_span`. Of
    those that were moved `why, what, whose` tell the tie: its kind, what it is, and to whom.
    """
    own = findings.with_columns(own_type="entity_type", own_entity="entity", own_span="span")
    leader = _leaders(stories, ties)
    number = stories.schema["span"]
    moved = (
        pl.DataFrame(
            [(span, to) for span, to in leader.items() if span != to],
            schema={"own_span": number, "to": number},
            orient="row",
        )
        .join(stories.select(to="span", to_type="entity_type", to_entity="entity"), on="to")
        .join(_reasons(stories, ties, leader), on="own_span", how="left")
    )
    return (
        own.join(moved, on="own_span", how="left", maintain_order="left")
        .with_columns(
            evidence=pl.when(pl.col("to").is_not_null() & ~pl.col("why").is_in(CLOSE))
            .then(pl.col("evidence") * LOOSE)
            .otherwise(pl.col("evidence")),
            span=pl.coalesce("to", "span"),
            entity_type=pl.coalesce("to_type", "entity_type"),
            entity=pl.coalesce("to_entity", "entity"),
        )
        .drop("to", "to_type", "to_entity")
    )


def _leaders(stories: pl.DataFrame, ties: pl.DataFrame) -> dict[int, int]:
    """Of each tied story the one it is told in: itself, or a weightier one."""
    tied = stories.filter(pl.col("span").is_in(pl.concat([ties["a"], ties["b"]]).implode()))
    order = tied.sort("evidence", "start", "span", descending=[True, False, False])
    place = {span: i for i, span in enumerate(order["span"].to_list())}
    members = {span: [span] for span in place}
    leader = {span: span for span in place}
    pairs = {(min(a, b), max(a, b)) for a, b in ties.select("a", "b").rows()}
    for a, b in sorted(
        (pair for pair in pairs if pair[0] in place and pair[1] in place),
        key=lambda pair: sorted((place[pair[0]], place[pair[1]])),
    ):
        first, second = sorted((leader[a], leader[b]), key=place.__getitem__)
        if first == second or len(members[first]) + len(members[second]) > MOST:
            continue
        for span in members.pop(second):
            leader[span] = first
            members[first].append(span)
    return leader


def _reasons(stories: pl.DataFrame, ties: pl.DataFrame, leader: dict[int, int]) -> pl.DataFrame:
    """`own_span, why, what, whose`: each story's tie to the weightiest other of its case."""
    number = stories.schema["span"]
    of = pl.DataFrame(list(leader.items()), schema={"span": number, "leader": number}, orient="row")
    both = pl.concat(
        [
            ties.select(own_span="a", other="b", why="why", what="what"),
            ties.select(own_span="b", other="a", why="why", what="what"),
        ]
    ).cast({"own_span": number, "other": number})
    return (
        both.join(of.rename({"span": "own_span", "leader": "mine"}), on="own_span")
        .join(of.rename({"span": "other", "leader": "its"}), on="other")
        .filter(pl.col("mine") == pl.col("its"))
        .join(stories.select("evidence", other="span", whose="entity"), on="other")
        .sort("own_span", "evidence", "why", "what", descending=[False, True, False, False])
        .unique("own_span", keep="first", maintain_order=True)
        .select("own_span", "why", "what", "whose")
    )
