"""A backtest says what detection said, or would have said, and leaves no trace."""

import hashlib
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from town import RULE, act, life

from wheeltapper import finding, workspace
from wheeltapper.errors import WheeltapperError
from wheeltapper.testing import MONDAY, activities
from wheeltapper.workspace import Workspace

LATE = [
    {**act("person1", "DeleteTrail", days=3, country="KP"), "late": True},
    {**act("person2", "StopLogging", days=9), "late": True},
]
TRIPS = [
    act(f"person{n}", days=22 + 3 * n, country=country, minutes=30)
    for n, country in enumerate(["NG", "BR", "JP", "IN", "US", "VN"])
]
COUNTRY = """
[any.country]
family = "novelty"
about = "An act from a country that the account has hardly ever acted from"
filter = "country is not null and actor_type = 'human' and source <> 'git'"
entity = "actor"
value = "country"
unit = "day"
attack = ["T1078"]
says = "from {value}"
settings = { min_bits = MIN }
"""


def made(folder: Path) -> Workspace:
    """A town's forty days, judged; two acts came late."""
    ws = workspace.init(folder)
    (ws.root / "rules").mkdir()
    (ws.root / "rules" / "recorder_off.yml").write_text(RULE, encoding="utf-8")
    ws.lake.append(activities([*life(6, 40), *TRIPS, *LATE]), "all")
    ws.detect()
    ws.refine()
    return ws


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Workspace:
    return made(tmp_path_factory.mktemp("town"))


@pytest.fixture
def copy(town, tmp_path) -> Workspace:
    return workspace.open(shutil.copytree(town.root, tmp_path / "work"))


def edited(ws: Workspace, least: float, name: str = "mine.toml") -> Path:
    folder = ws.root / "detectors"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(COUNTRY.replace("MIN", str(least)))
    return folder / name


def everything_in(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def rows(frame: pl.DataFrame) -> list[dict]:
    return frame.select(finding.SCHEMA.names).sort("time", "entity", "event_ids").to_dicts()


@pytest.mark.slow
def test_it_says_what_detection_said_of_every_detector_and_rule(town):
    said = town.findings()
    names = sorted(set(said["detector"]))
    assert "rule.recorder_off" in names
    assert {"any.country", "any.client"} <= set(names)
    for name in [*names, "okta.prompts"]:
        found = town.backtest(name)
        assert rows(found.raised) == rows(said.filter(pl.col("detector") == name)), name
        assert (found.against, found.count("added"), found.count("gone")) == ("", 0, 0)


def test_a_window_is_part_of_the_whole_and_learned_from_what_lies_before(town):
    whole = town.backtest("any.country").raised
    since, until = MONDAY + timedelta(days=25), MONDAY + timedelta(days=32)
    found = town.backtest("any.country", since=since, until=until)
    within = whole.filter((pl.col("time") >= since) & (pl.col("time") < until))
    assert 0 < len(within) < len(whole)
    assert rows(found.raised) == rows(within)
    assert found.summary()["learned_days"] == pytest.approx(25, abs=0.5)
    assert found.days["findings"].sum() == len(within)


def test_the_last_days_are_whole_days_of_the_readers_zone(copy):
    copy.config = type(copy.config)(timezone="Pacific/Auckland")
    found = copy.backtest("any.country", days=3)
    assert found.days.height == 3
    assert found.since == datetime(2026, 2, 11, 11, tzinfo=UTC)  # midnight there
    assert copy.backtest("any.country", days=1000).since == found.first


@pytest.mark.slow
def test_nothing_is_written(copy):
    edited(copy, 2)
    before = everything_in(copy.root)
    for name in ("any.country", "rule.recorder_off"):
        assert len(copy.backtest(name).raised)
    copy.backtest(entry=edited(copy, 2))
    copy.detector("any.client")
    assert everything_in(copy.root) == before


def test_nothing_is_made_where_nothing_was_detected_yet(tmp_path):
    ws = workspace.init(tmp_path / "new")
    with pytest.raises(WheeltapperError, match="there is no history yet; fill the lake with"):
        ws.backtest("any.country")
    ws.lake.append(activities([*life(6, 40), *TRIPS]), "all")
    before = everything_in(ws.root)
    found = ws.backtest("any.country")
    assert len(found.raised)
    assert found.cases.height == 0 or found.cases["made"].all()
    assert everything_in(ws.root) == before


@pytest.mark.parametrize(
    ("least", "change", "other"), [(1, "added", "gone"), (12, "gone", "added")]
)
def test_an_edited_entry_beside_the_packaged_one(copy, least, change, other):
    packaged = copy.backtest("any.country").raised
    edited(copy, least)
    found = copy.backtest("any.country")
    assert found.against == "the packaged version"
    assert [(c.field, c.before, c.now) for c in found.changes] == [
        ("settings.min_bits", "7", str(least))
    ]
    assert found.count(change) > 0
    assert found.count(other) == 0
    assert rows(found.findings.filter(pl.col("change") != "added")) == rows(packaged)
    assert {"same", change} >= set(found.examples["change"])
    assert change in set(found.examples["change"])
    for frame in (found.days, found.entities):
        assert frame[change].sum() == found.count(change)


@pytest.mark.slow
def test_a_draft_beside_the_workspaces_entry(copy, tmp_path):
    edited(copy, 12)
    draft = tmp_path / "draft.toml"
    draft.write_text(COUNTRY.replace("MIN", "1"))
    found = copy.backtest(entry=draft)
    assert found.against == "the workspace's version"
    assert (found.changes[0].before, found.changes[0].now) == ("12", "1")
    assert found.count("added") > 0
    draft.write_text(COUNTRY.replace("MIN", "1").replace("any.country", "my.country"))
    new = copy.backtest(entry=draft)
    assert (new.against, new.detector) == ("", "my.country")
    assert rows(new.raised.with_columns(detector=pl.lit("any.country"))) == rows(found.raised)


@pytest.mark.slow
def test_an_entry_of_ones_own_that_changed_beside_what_was_found_before(copy):
    path = edited(copy, 4)
    path.write_text(path.read_text().replace("any.country", "my.country"))
    copy.detect(replay=True)
    assert copy.backtest("my.country").against == ""
    path.write_text(path.read_text().replace("min_bits = 4", "min_bits = 1"))
    found = copy.backtest("my.country")
    assert found.against == "what was found with the version before"
    assert found.count("added") > 0
    assert found.count("same") == copy.findings(detector="my.country").height


def test_a_change_of_words_alone_changes_no_finding(copy):
    path = edited(copy, 7)
    path.write_text(path.read_text().replace("from {value}", "out of {value}"))
    found = copy.backtest("any.country")
    assert [c.field for c in found.changes] == ["says"]
    assert found.count("added") == found.count("gone") == 0


@pytest.mark.slow
def test_a_draft_of_a_rule(copy, tmp_path):
    draft = tmp_path / "recorder_off.yml"
    draft.write_text(RULE.replace("StopLogging", "[StopLogging, CreateUser]"))
    found = copy.backtest(entry=draft)
    assert (found.detector, found.family) == ("rule.recorder_off", "rule")
    assert found.against == "the workspace's version"
    assert found.count("added") == found.count("same") - 1 > 0  # one came late, and alone
    draft.write_text("title: Mine\n")
    with pytest.raises(WheeltapperError, match=r"recorder_off\.yml: cannot be run: "):
        copy.backtest(entry=draft)


def test_examples_are_told_with_their_events(town):
    found = town.backtest("any.country", examples=2)
    assert found.examples.height == 2
    ids = {i.hex() for row in town.activities()["event_id"] for i in [row]}
    for row in found.examples.to_dicts():
        assert " from " in row["sentence"]
        assert row["event_ids"][0] in ids
    assert town.backtest("any.country", examples=0).examples.height == 0


@pytest.mark.slow
def test_cases_it_would_have_joined_and_made(copy):
    told = {(c.entity, c.start.date()) for c in copy.cases()
            if any(f.finding.detector == "any.country" for f in c.findings)}  # fmt: skip
    assert told
    found = copy.backtest("any.country")
    held = {(r["entity"], r["start"].date()) for r in found.cases.to_dicts()}
    assert held == told
    # Where a rule of high level spoke as well, there would be a case without the country.
    assert 0 < found.cases["made"].sum() < found.cases.height
    (copy.root / "wheeltapper.toml").write_text('[detect]\noff = ["*"]\n')
    alone = workspace.open(copy.root)
    alone.detect(replay=True)
    silent = alone.backtest("any.country")
    assert len(silent.raised) == len(found.raised)  # one that is off can be asked about
    assert silent.cases["made"].all()


def test_figures_are_json_and_add_up(copy):
    edited(copy, 1)
    told = json.loads(json.dumps(copy.backtest("any.country", days=30).to_dict()))
    assert told["findings"] == told["same"] + told["added"]
    assert told["findings"] == sum(day["findings"] for day in told["per_day"])
    assert told["findings"] == sum(one["findings"] for one in told["per_entity"])
    assert told["days"] == len(told["per_day"]) == 30
    assert told["acts"] >= told["acts_looked_at"] > 0
    assert told["state_bytes"] > 0
    assert len(told["examples"]) >= 2


def test_a_notebook_shows_it_in_short(town):
    found = town.backtest("any.country", days=30, examples=0)
    n = found.raised.height
    assert repr(found) == f"<backtest of any.country: {n} findings on 30 days>"
    assert "<table" in found._repr_html_()


@pytest.mark.slow
def test_other_thresholds_are_what_drafts_with_them_say(copy):
    assert copy.backtest("any.country").thresholds.height == 0
    found = copy.backtest("any.country", thresholds=True, examples=0).thresholds
    assert found["min_bits"].to_list() == [3, 5, 7, 9, 11]
    for bits in (5, 11):
        (row,) = found.filter(pl.col("min_bits") == bits).to_dicts()
        raised = copy.backtest(entry=edited(copy, bits, f"{bits}.draft"), examples=0).raised
        assert row["findings"] == raised.height
        assert row["entities"] == raised["entity"].n_unique()
        assert row["days"] == raised["time"].dt.date().n_unique()
    assert found["findings"].to_list() == sorted(found["findings"], reverse=True)
    assert found["findings"][0] > found["findings"][-1]
    assert copy.backtest("rule.recorder_off", thresholds=True).thresholds.height == 0


@pytest.mark.slow
def test_what_is_seen_does_not_depend_on_steps(copy):
    one = copy.backtest("any.client").raised
    copy.config = type(copy.config)(detect=type(copy.config.detect)(step=57))
    assert rows(copy.backtest("any.client").raised) == rows(one)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"detector": "any.contry"}, r"no detector any\.contry; did you mean any\.country"),
        ({"detector": "country"}, r"did you mean any\.country"),
        ({"detector": "rule.recorder_of"}, r"did you mean rule\.recorder_off"),
        ({"detector": "model.userday"}, "there is no detector model.userday"),
        ({"detector": "qqqq"}, "listed by: wheeltapper detectors list, wheeltapper rules list"),
        ({}, "which detector?"),
        ({"entry": "nowhere.toml"}, r"nowhere\.toml is no file"),
        (
            {"detector": "any.country", "since": datetime(2030, 1, 1, tzinfo=UTC)},
            "nothing lies between .* the lake holds 2026-01-05 to 2026-02-13",
        ),
        (
            {"detector": "any.country", "until": datetime(2020, 1, 1, tzinfo=UTC)},
            "nothing lies between",
        ),
    ],
)
def test_what_cannot_be_asked_is_told_with_what_can(town, asked, message):
    with pytest.raises(WheeltapperError, match=message):
        town.backtest(**asked)


def test_a_draft_that_holds_several_or_another(town, tmp_path):
    draft = tmp_path / "draft.toml"
    draft.write_text(COUNTRY.replace("MIN", "1") + COUNTRY.replace("MIN", "1").replace(
        "any.country", "my.country"))  # fmt: skip
    with pytest.raises(WheeltapperError, match=r"holds any\.country, my\.country; choose one with"):
        town.backtest(entry=draft)
    with pytest.raises(WheeltapperError, match=r"draft\.toml holds no any\.hour; it holds"):
        town.backtest("any.hour", entry=draft)
    assert town.backtest("my.country", entry=draft).detector == "my.country"


def test_late_acts_stay_what_they_were(town):
    """The rule judged the late act; the kernels neither judged nor learned theirs."""
    said = town.backtest("rule.recorder_off").raised
    assert MONDAY + timedelta(days=9) in said["time"].to_list()
    countries = town.backtest("any.country").raised
    assert MONDAY + timedelta(days=3) not in countries["time"].to_list()
