"""The same in Python as on the command line."""

import shutil
import stat
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest

import office as office_log
import wheeltapper as wt
from wheeltapper import activity, finding
from wheeltapper.engines.local import exchanges
from wheeltapper.engines.local.judges import wordings
from wheeltapper.refine.weights import Curve, Weights


@pytest.fixture
def copy(office, tmp_path):
    return wt.open(shutil.copytree(office.root, tmp_path / "work"))


def test_the_round_of_the_notebook(tmp_path):
    ws = wt.init(tmp_path / "work")
    told = []
    done = ws.run(
        office_log.write(tmp_path / "logs"), source="okta", progress=told.append,
        reading=lambda at: told.append(at.records),
    )  # fmt: skip
    assert (done.ingested.added, done.detected.acts, done.cases) == (1080, 1080, 1)
    assert told
    (case,) = ws.cases()
    assert ws.case(1) == ws.case("1") == ws.case(case.id) == case
    assert repr(ws) == f"<wheeltapper workspace '{ws.root}'>"
    assert isinstance(case, wt.Case)
    assert isinstance(case.findings[0].finding, wt.Finding)


def test_findings_are_a_frame(office):
    frame = office.findings()
    assert isinstance(frame, pl.DataFrame)
    assert frame.columns == finding.SCHEMA.names
    assert len(frame) == 6
    since = datetime(2026, 2, 12, 3, 1, tzinfo=UTC)
    some = office.findings(
        since=since, until=since.replace(minute=3), detector="rule.okta_policy_changed"
    )
    assert len(some) == 0
    assert len(office.findings(entity=office_log.HOSTILE)) == 6


def test_activities_are_a_frame(office):
    frame = office.activities("actor = 'ana' and action = 'user.session.start'")
    assert frame.columns == activity.SCHEMA.names
    assert set(frame["actor"]) == {"ana"}
    assert frame["time"].is_sorted()
    since = datetime(2026, 2, 12, tzinfo=UTC)
    some = office.activities(since=since, until=since.replace(hour=4), columns=["action"])
    assert some["action"].to_list() == list(office_log.BAD_ACTS)
    assert len(office.activities()) == 1080


def test_cases_that_are_asked_for(office):
    (case,) = office.cases(status="open", entity=office_log.HOSTILE, limit=3)
    assert office.cases(since=case.end, until=case.start) == office.cases(entity="ana") == []


@pytest.mark.parametrize("which", [0, -1, 2, 10**30, "", "0", "²", "\0", "nothing"])
def test_a_case_that_is_not_there(office, which):
    with pytest.raises(wt.WheeltapperError, match="there is no case"):
        office.case(which)


def test_a_case_whose_id_is_digits_is_found_by_it(copy):
    (case,) = copy.cases()
    (told, *_) = case.findings
    other = replace(told, finding=replace(told.finding, event_ids=("00" * 16,)))
    with copy.casebook() as book:
        book.save([replace(case, id="000000000002", findings=(other,))])
    assert copy.case("000000000002").id == "000000000002"


def test_a_notebook_shows_a_case_without_obeying_it(office):
    html = office.case(1)._repr_html_()
    assert "<b>" not in html
    assert "&lt;b&gt;" in html
    assert "\x1b" not in html
    assert html.startswith("<h4>mallory")


def test_a_verdict(copy):
    judged = copy.judge(1, "benign_expected", by="ana", reason="a drill")
    assert (judged.verdict, judged.status) == ("benign_expected", "closed")
    copy.refine()
    assert copy.case(judged.id).verdict == "benign_expected"
    with pytest.raises(ValueError, match="is no verdict"):
        copy.judge(1, "fine", by="ana")


def test_detection_can_be_run_again(copy):
    before = copy.findings()
    assert copy.detect().acts == 0
    assert copy.detect(replay=True, include_late=True).acts == 1080
    assert copy.findings().equals(before)


def test_what_is_switched_off_is_silent(copy):
    path = copy.root / "wheeltapper.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[detect]", '[detect]\noff = ["rule.*", "any.client"]'), "utf-8")
    ws = wt.open(copy.root)
    assert ws.judges().rules.rules == ()
    assert "any.client" not in {d.name for d in ws.detectors()}
    ws.detect(replay=True)
    assert set(ws.findings()["detector"]) == {"any.hour"}


def test_what_a_workspace_adds_of_its_own(copy):
    for folder, name, text in (
        ("detectors", "mine.toml", '[mine.act]\nfamily = "novelty"\nabout = "x"\nfilter = "true"\n'
         'entity = "actor"\nvalue = "action"\nsays = "did {value}"\n'),
        ("rules", "mine.yml", "title: Mine\nlogsource: {product: okta, service: okta}\nlevel: low\n"
         "detection:\n  s: {eventType: user.lifecycle.create}\n  condition: s\n"),
        ("vocabulary", "okta.toml", '["Okta"]\n"policy.rule.delete" = "discard {a rule}"\n'),
    ):  # fmt: skip
        (copy.root / folder).mkdir()
        (copy.root / folder / name).write_text(text, encoding="utf-8")
    copy.detect(replay=True)
    copy.refine()
    assert {"mine.act", "rule.mine"} <= set(copy.findings()["detector"])
    assert any("discarded the rule" in f.sentence for f in copy.case(1).findings)


def test_the_secret_is_made_once_and_only_its_owner_reads_it(copy):
    path = copy.root / "state" / "secret"
    secret = path.read_bytes()
    assert len(secret) == 16
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert copy.judges().secret == secret
    assert path.read_bytes() == secret


def test_learned_weights_of_the_workspace_count_and_too_little_history_leaves_them(copy):
    before = wordings(copy.judges()).of("any.country")
    assert before.curve is None
    curve = Curve((0.5, 1.0, 0.2, 0.1))
    path = copy.root / "models" / "weights.json"
    Weights(curves={"any.country": curve}).save(path)
    assert wordings(copy.judges()).of("any.country") == replace(before, curve=curve)
    kept = path.read_bytes()
    with pytest.raises(wt.WheeltapperError, match="too little history to learn weights from"):
        copy.learn_weights()
    assert path.read_bytes() == kept


def test_weights_are_learned_from_all_acts_before_a_time_in_order(copy):
    detectors = copy.judges().detectors
    whole = exchanges.history(copy.lake, detectors, None)
    middle = whole["time"][len(whole) // 2].as_py()
    early = exchanges.history(copy.lake, detectors, middle)
    assert len(whole) == len(copy.activities())
    assert early.equals(whole.slice(0, len(early)))
    assert early["time"][-1].as_py() < middle <= whole["time"][len(early)].as_py()


def test_an_empty_workspace_has_no_cases(tmp_path):
    ws = wt.init(tmp_path / "work")
    assert ws.refine() == 0
    assert ws.cases() == []
    assert ws.findings().is_empty()
    assert ws.activities().is_empty()
    with pytest.raises(wt.WheeltapperError, match="there is nothing to learn from"):
        ws.train()
    with pytest.raises(wt.WheeltapperError, match="no acts to learn weights from"):
        ws.learn_weights()


def test_a_folder_that_is_no_workspace(tmp_path):
    with pytest.raises(wt.ConfigError, match="make one with: wheeltapper init"):
        wt.open(tmp_path)
    wt.init(tmp_path)
    with pytest.raises(wt.WheeltapperError, match="is there already"):
        wt.init(tmp_path)
