import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.refine.link import LOOSE, MOST, link

TIE = {"a": pl.Int64, "b": pl.Int64, "why": pl.String, "what": pl.String}


def stories(*evidence):
    """Stories 1, 2, … of accounts `e1`, `e2`, …, by how much each says."""
    return pl.DataFrame(
        {
            "entity_type": ["actor"] * len(evidence),
            "entity": [f"e{i}" for i, _ in enumerate(evidence, 1)],
            "span": list(range(1, len(evidence) + 1)),
            "start": [0] * len(evidence),
            "evidence": list(map(float, evidence)),
        },
        schema_overrides={"span": pl.UInt32},
    )


def linked(evidence, pairs, why="session"):
    """Under which story each story's findings are told."""
    made = stories(*evidence)
    ties = pl.DataFrame([(a, b, why, f"s{a}{b}") for a, b in pairs], TIE, orient="row")
    findings = made.select("entity_type", "entity", "span", "evidence")
    return link(findings, made, ties)


def test_what_is_tied_is_told_of_the_weightiest():
    got = linked([5, 20, 9, 4], [(1, 2), (2, 3)])
    assert got["entity"].to_list() == ["e2", "e2", "e2", "e4"]
    assert got["span"].to_list() == [2, 2, 2, 4]
    assert got["own_entity"].to_list() == ["e1", "e2", "e3", "e4"]
    assert got["own_span"].to_list() == [1, 2, 3, 4]


def test_the_tie_is_told_of_those_that_were_moved():
    got = linked([5, 20, 9], [(1, 3), (2, 3), (1, 2)])
    assert got["whose"].to_list() == ["e2", None, "e2"]
    assert got["why"].to_list() == ["session", None, "session"]
    assert got["what"].to_list() == ["s12", None, "s23"]


def test_what_a_place_ties_brings_little_of_its_evidence_along():
    assert linked([5, 20], [(1, 2)], "made")["evidence"].to_list() == [5, 20]
    assert linked([5, 20], [(1, 2)], "address")["evidence"].to_list() == [5 * LOOSE, 20]


def test_without_ties_nothing_moves():
    got = linked([5, 20], [])
    assert got["span"].to_list() == got["own_span"].to_list() == [1, 2]
    assert {"own_type", "why", "what", "whose"} <= set(got.columns)


def test_a_chain_through_everybody_is_no_case():
    many = 3 * MOST
    got = linked([many - i for i in range(many)], [(i, i + 1) for i in range(1, many)])
    assert got.group_by("span").len()["len"].max() <= MOST
    assert got["span"][0] == 1


@given(
    st.lists(st.integers(1, 9), min_size=2, max_size=9),
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), max_size=12),
    st.randoms(),
)
def test_neither_the_order_of_ties_nor_their_direction_matters(evidence, pairs, random):
    n = len(evidence)
    pairs = [(a, b) for a, b in pairs if a < b <= n]
    mixed = list(pairs)
    random.shuffle(mixed)
    one, other = linked(evidence, pairs), linked(evidence, mixed)
    assert one.drop("why", "what", "whose").equals(other.drop("why", "what", "whose"))
    assert len(one) == n
    # Whoever is tied, while there is room, is told together.
    told = dict(zip(one["own_span"], one["span"], strict=True))
    assert all(told[a] == told[b] for a, b in pairs)
