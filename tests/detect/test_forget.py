from hypothesis import given
from hypothesis import strategies as st
from judging import ACTS, SECRET, detector, judged, table_of

from wheeltapper.detect.family import families
from wheeltapper.detect.forget import KEPT_SHARE, MOST_ENTITIES
from wheeltapper.detect.process import process, start
from wheeltapper.testing import activities, activity

ALL = [detector(name) for name in sorted(families())]


@given(ACTS, st.sets(st.integers(1, 49)))
def test_forgetting_does_not_depend_on_how_acts_are_cut(acts, cuts):
    table = table_of(acts)
    whole = judged(table, ALL, most_entities=2)
    pieces = judged(table, ALL, [c for c in cuts if c < len(table)], most_entities=2)
    assert whole[0].to_pylist() == pieces[0].to_pylist()
    assert whole[1] == pieces[1]


@given(ACTS)
def test_nothing_changes_while_there_is_room(acts):
    """Day by day or all at once: the slower way is only taken where somebody may have to go."""
    table = table_of(acts)
    assert judged(table, ALL, most_entities=40) == judged(table, ALL, most_entities=MOST_ENTITIES)


def test_those_unseen_for_longest_go_and_the_others_keep_their_history():
    """A flood of made-up names does not cost Ana, who is here every day, her history."""
    one = detector("novelty", settings={"min_bits": 0.0})
    rows = []
    for day in range(30):
        rows.append(activity("ana", days=day, action="view"))
        rows += [activity(f"made up {day} {i}", days=day, minutes=1 + i) for i in range(9)]
    rows.append(activity("ana", days=30, action="delete"))
    table = activities(rows)
    state, found = start([one]), []
    for i in range(0, len(table), 7):
        state, some = process(state, table[i : i + 7], [one], SECRET, most_entities=40)
        found += some.to_pylist()
        # What is kept, and what one day can add to it.
        assert state.indexes["actor"].size[0] <= 40 + 10
        assert len(state.detectors[one.name].own.entities) <= 128
    last = found[-1]
    assert (last["entity"], last["baseline_n"]) == ("ana", 30)
    assert state.indexes["actor"].size[0] >= 40 * KEPT_SHARE


def test_a_flood_on_a_day_off_pushes_out_its_own():
    one = detector("novelty", settings={"min_bits": 0.0})
    week = [activity(p, days=d) for d in range(5) for p in ("ana", "kim")]
    flood = [activity(f"made up {i}", days=6, minutes=i / 10) for i in range(200)]
    monday = [activity(p, days=7, action="delete") for p in ("ana", "kim")]
    _, found = process(
        start([one]), activities([*week, *flood, *monday]), [one], SECRET, most_entities=50
    )
    last = found.to_pylist()[-2:]
    assert {(f["entity"], f["baseline_n"]) for f in last} == {("ana", 5), ("kim", 5)}
