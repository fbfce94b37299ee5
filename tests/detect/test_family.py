import inspect
import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import ACTS, TALKS, detector, judged, sharded, table_of

from wheeltapper.detect import statistics
from wheeltapper.detect.family import families
from wheeltapper.testing import activities, activity

NUMBERS = ("bits", "llr", "observed", "expected", "baseline_n")


def by_row(table, found):
    """Findings as `sharded` gives them, without what only evidence holds."""
    rows = {id: i for i, id in enumerate(table["event_id"].to_pylist())}
    return {
        (rows[f["event_ids"][0]], f["bits"], f["llr"], f["observed"], f["expected"])
        for f in found.to_pylist()
    }


@pytest.mark.parametrize("name", sorted(families()))
class TestEveryFamily:
    def test_states_what_it_is_good_at_and_its_source(self, name):
        doc = inspect.getmodule(families()[name].step).__doc__
        for part in ("Good at", "Blind to", "Method:", "Cost:"):
            assert part in doc
        assert re.search(r"BDA3|\b(19|20)\d\d\b", doc.split("Method:")[1]), "which paper?"

    def test_has_something_to_say_here(self, name):
        # Else what the tests below compare is nothing with nothing.
        acts = [(1440 * (i % 3) + 60 * (i % 5), "ana", "rwd"[i % 3], None, 5 * i, True,
                 "failure" if i % 4 else "success", 4**i % 10**12, (52.4 - 45 * (i % 2), 4.9))
                for i in range(40)]  # fmt: skip
        found, _ = judged(table_of(TALKS.get(name, acts)), [detector(name)])
        assert found.num_rows >= 3

    @given(acts=ACTS, cuts=st.lists(st.integers(0, 50), max_size=3), unit=st.sampled_from(
        ["act", "session", "day"]))  # fmt: skip
    def test_pieces_give_what_the_whole_gives_to_the_byte(self, name, acts, cuts, unit):
        table, detectors = table_of(acts), [detector(name, unit=unit)]
        whole, state = judged(table, detectors)
        found, same = judged(table, detectors, [min(cut, len(table)) for cut in cuts])
        assert found.to_pylist() == whole.to_pylist()
        assert same == state

    @given(acts=ACTS)
    def test_the_number_of_shards_changes_nothing(self, name, acts):
        table, one = table_of(acts), detector(name)
        alone = by_row(table, judged(table, [one])[0])
        for shards in (1, 2, 3):
            assert {hit[:5] for hit in sharded(table, one, shards)} == alone

    @given(acts=ACTS)
    def test_the_order_in_which_shards_come_changes_nothing(self, name, acts):
        # Actors in another order fall into other shards by number, the same by hash.
        table, one = table_of(acts), detector(name)
        assert sharded(table, one, 3) == sharded(table, one, 2)

    @given(acts=ACTS)
    def test_every_number_is_finite_and_no_surprise_is_below_0(self, name, acts):
        found, _ = judged(table_of(acts), [detector(name)])
        for column in NUMBERS:
            assert np.isfinite(found[column].to_numpy()).all()
        assert (found["bits"].to_numpy() >= 0).all()
        assert all(len(ids) == 1 for ids in found["event_ids"].to_pylist())

    @given(acts=ACTS)
    def test_others_of_the_same_day_in_another_group_change_nothing(self, name, acts):
        one = detector(name)
        first_day = [a for a in acts if a[0] < 60][:8]
        with_lee, without = table_of(first_day), table_of(a for a in first_day if a[1] != "lee")
        found = judged(with_lee, [one])[0].to_pylist()
        alone = judged(without, [one])[0].to_pylist()

        def said(rows):
            return sorted((f["bits"], f["llr"], f["entity"]) for f in rows if f["entity"] != "lee")

        assert said(found) == said(alone)

    def test_an_act_without_an_entity_says_nothing_and_teaches_nothing(self, name):
        known = [activity(days=i, action="read", peer_group="red") for i in range(40)]
        nobody = [activity(None, days=i, action=f"odd {i}") for i in range(40)]
        assert judged(activities(nobody), [detector(name)])[0].num_rows == 0
        found, _ = judged(activities([*known, *nobody]), [detector(name)])
        alone, _ = judged(activities(known), [detector(name)])
        assert found.to_pylist() == alone.to_pylist()

    def test_no_acts_and_one_act(self, name):
        one = detector(name)
        nothing, state = judged(activities([]), [one])
        assert (nothing.num_rows, state) == (0, judged(activities([]), [one], [0])[1])
        found, _ = judged(activities([activity()]), [one])
        assert found.num_rows <= 1

    def test_a_filter_that_lets_nothing_through(self, name):
        found, state = judged(activities([activity()]), [detector(name, filter="false")])
        assert found.num_rows == 0
        assert b"ana" not in state

    def test_a_year_of_hostile_numbers_stays_finite(self, name):
        odd = [0, -1, -(2**63), 2**63 - 1, 10**6]
        rows = [
            activity(days=i, action=f"a{i % 7}", count=odd[i % 5], hour_of_week=odd[i % 4] % 400)
            for i in range(365)
        ]
        found, _ = judged(activities(rows), [detector(name)])
        for column in NUMBERS:
            assert all(math.isfinite(x) for x in found[column].to_pylist())

    def test_settings_that_make_no_sense_are_refused_by_name(self, name):
        settings = families()[name].settings
        with pytest.raises(ValueError, match="half_life_days must be above 0, got -1"):
            settings(half_life_days=-1)
        with pytest.raises(ValueError, match="half_life_days must be above 0, got nan"):
            settings(half_life_days=math.nan)


def test_every_file_in_the_folder_is_a_family_of_that_name():
    folder = Path(statistics.__file__).parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert files == set(families())
    assert files, "no families found: the tests above checked nothing"
