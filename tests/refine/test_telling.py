"""Every kind of judge can be told; the sentences themselves are kept in golden/sentences.txt."""

from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest

from wheeltapper.detect.family import families
from wheeltapper.refine.families import rate, volume
from wheeltapper.refine.telling import telling_of

from .told_acts import RULE, TOLD

KINDS = [*families(), "rule", "model"]


@pytest.mark.parametrize("family", KINDS)
def test_every_family_is_told_in_its_own_way(family):
    assert telling_of(family).name == family


@pytest.mark.parametrize("family", KINDS)
def test_every_family_is_among_the_kept_sentences(family):
    assert family in {one.wording.family for one in TOLD.values()}


def test_what_is_followed_is_told_by_what_ties_it():
    one = replace(next(iter(TOLD.values())), title="made or changed by Kim Lee")
    assert telling_of("tie").history(one, None, "") == "made or changed by Kim Lee"


def test_what_has_gone_is_told_as_a_model():
    assert telling_of("gone").name == "model"


def test_a_rate_is_counted_again_over_its_fullest_window():
    at = [datetime(2026, 5, 4, hour, minute, tzinfo=UTC) for hour, minute in
          [(9, 0), (9, 59), (10, 0), (10, 1), (10, 2)]]  # fmt: skip
    events = pl.DataFrame({"time": at})
    assert rate.recount(events, RULE) == 3.0
    assert rate.recount(events.clear(), RULE) == 0.0


def test_a_volume_is_summed_again_over_its_fullest_window():
    at = [datetime(2026, 5, 4, hour, minute, tzinfo=UTC) for hour, minute in
          [(9, 0), (9, 59), (10, 0), (10, 1), (10, 2)]]  # fmt: skip
    events = pl.DataFrame({"time": at, "bytes": [5, None, 2**62, 7, -9]})
    wording = replace(RULE, measure="bytes")
    assert volume.recount(events, wording) == 2.0**62
    assert volume.recount(events.clear(), wording) == 0.0
    assert volume.recount(events, replace(RULE, measure="items * 2")) == 0.0
