from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.refine.group import group

from .few_findings import finding, frame, many


def reference(rows, gap_hours):
    """Stories as sets of row numbers, by walking along each entity's findings."""
    stories = []
    for who in sorted({(r["entity_type"], r["entity"]) for r in rows}):
        last = None
        mine = [
            (r["time"], n) for n, r in enumerate(rows) if (r["entity_type"], r["entity"]) == who
        ]
        for time, n in sorted(mine):
            if last is None or time - last > timedelta(hours=gap_hours):
                stories.append(set())
            stories[-1].add(n)
            last = time
    return sorted(map(sorted, stories))


def stories(rows, gap_hours=8.0):
    grouped = group(frame(rows).with_row_index("n"), gap_hours)
    return sorted(sorted(part["n"].to_list()) for _, part in grouped.group_by("span"))


@given(many(), st.sampled_from([1.0, 8.0, 100.0]))
def test_stories_end_where_an_entity_is_quiet_for_longer_than_the_gap(rows, gap_hours):
    assert stories(rows, gap_hours) == reference(rows, gap_hours)


def test_exactly_the_gap_is_one_story_and_a_moment_more_is_two():
    assert stories([finding(), finding(hours=8)]) == [[0, 1]]
    assert stories([finding(), finding(hours=8 + 1e-6)]) == [[0], [1]]


def test_an_account_and_an_address_of_the_same_name_are_two():
    assert stories([finding(), finding(entity_type="src_ip")]) == [[0], [1]]


@given(many())
def test_the_order_of_rows_does_not_matter(rows):
    n = len(rows)
    backwards = [sorted(n - 1 - i for i in story) for story in stories(rows[::-1])]
    assert sorted(backwards) == stories(rows)
