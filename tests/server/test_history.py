from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from server.story import first_case
from wheeltapper.detect.catalogue import Detector
from wheeltapper.server import history

TOP = "/api/cases/c-7f3a/findings"


def test_observed_stands_against_own_history_and_peers(client):
    secrets = client.get(f"{TOP}/1/history").json()
    assert secrets["what"] == "GetSecretValue in Secrets Manager"
    assert secrets["bars"][-1]["acts"] == 60
    assert sum(bar["acts"] for bar in secrets["bars"]) == 60
    assert secrets["peers"] == {
        "who": "Platform engineers", "accounts": 6, "low": 0, "high": 0, "most": 0, "doing": 0,
    }  # fmt: skip


def test_peers_who_do_the_same_are_counted_with_their_quiet_days(client):
    parameters = client.get(f"{TOP}/10/history").json()
    assert parameters["peers"]["doing"] == 6
    assert parameters["peers"]["low"] == 0
    assert 5 <= parameters["peers"]["high"] < 20
    assert parameters["peers"]["most"] >= 43  # a case of its own
    assert sum(bar["acts"] > 0 for bar in parameters["bars"]) > 30


def test_a_detector_of_the_catalogue_says_itself_what_it_counts(view):
    case, _ = first_case()
    asked = Detector(
        name="cloudtrail.rate",
        family="rate",
        about="Many reads of secrets",
        filter="action like 'Get%'",
        entity="actor",
        says="",
    )
    view = replace(view, detectors={asked.name: asked})
    every_get = history.kind_of(view, case, case.findings[0])
    assert every_get.what == "what the detector “rate” looks at"
    assert every_get.bars[-1].acts >= 60 + 29 + 42

    valued = replace(asked, value="target")
    view = replace(view, detectors={asked.name: valued})
    assert history.kind_of(view, case, case.findings[0]).bars[-1].acts == 60


@pytest.mark.parametrize(
    ("first", "last", "unit"),
    [
        (date(2026, 5, 12), date(2026, 7, 10), "day"),
        (date(2025, 5, 12), date(2026, 7, 10), "week"),
        (date(1999, 4, 1), date(2021, 7, 10), "month"),
    ],
)
def test_a_bar_is_as_long_as_it_can_be_seen(first, last, unit):
    assert history._unit(first, last) == unit


def test_bars_follow_the_clock_through_summer_time(view):
    bars = history._bars(view, date(2026, 3, 27), date(2026, 3, 31), "day", {})
    hours = [(b.end.astimezone(UTC) - b.start.astimezone(UTC)).seconds / 3600 for b in bars]
    assert hours == [0, 0, 23, 0, 0]  # whole days have no seconds left


def test_an_entity_without_acts_has_an_empty_history(view):
    case, _ = first_case()
    nobody = replace(case, entity="nobody")
    bars = history.history_of(view, nobody).bars
    assert len(bars) == history.LEAST_DAYS + 1
    assert sum(bar.acts for bar in bars) == 0
    assert bars[-1].start <= datetime(2026, 7, 10, 12, tzinfo=UTC) < bars[-1].end


def test_quantiles_count_the_quiet():
    counts = [(0, 90), (1, 6), (7, 4)]
    assert history._quantile(counts, 0.05) == 0
    assert history._quantile(counts, 0.95) == 1
    assert history._quantile(counts, 1.0) == 7
