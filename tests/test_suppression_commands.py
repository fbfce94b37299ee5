"""Hiding what is known to be right, as somebody types it and in Python."""

import csv
import io
import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import click
import pytest

import office as office_log
import wheeltapper as wt
from test_cli import call
from wheeltapper.suppression_commands import hide, lasting

pytestmark = pytest.mark.slow  # each makes the cases anew, most of them twice
NARROW = ("--detector", "rule.okta_policy_changed", "--entity", office_log.HOSTILE)


@pytest.fixture
def copy(office, tmp_path):
    """The office with its one case torn into several, to be changed."""
    root = shutil.copytree(office.root, tmp_path / "work")
    settings = root / "wheeltapper.toml"
    settings.write_text(re.sub(r"# gap_hours = .*", "gap_hours = 0.001", settings.read_text()))
    ws = wt.open(root)
    assert ws.refine() > 2
    return ws


def scope_of(case):
    found = case.findings[0].finding
    return {"detector": found.detector, "entity": found.entity}


def ids(cases):
    return {case.id for case in cases}


def test_what_is_foretold_is_what_happens(copy):
    before = copy.cases()
    alone = next(case for case in before if len(case.findings) == 1)
    scope = scope_of(alone)
    foretold = copy.suppress(by="ana", keep=False, **scope)
    assert ids(copy.cases()) == ids(before)
    assert copy.suppressions() == []
    assert ids(foretold.gone) == {alone.id}
    assert foretold.findings >= 1
    assert foretold.unknown == ()

    kept = copy.suppress(by="ana", days=30, reason="a drill", **scope)
    assert (kept.findings, ids(kept.gone)) == (foretold.findings, ids(foretold.gone))
    assert ids(copy.cases()) == ids(before) - ids(foretold.gone)
    (one,) = copy.suppressions()
    assert (one.by, one.reason, one.case_id) == ("ana", "a drill", "")
    assert one.expires - one.created == timedelta(days=30)
    assert copy.suppress(by="ana", keep=False, **scope).findings == 0  # hidden already

    (ended,) = copy.expire(one.id, by="kim")
    assert (ended.ended_by, copy.suppressions()) == ("kim", [ended])
    after = copy.cases()
    assert [turn.what for case in after for turn in case.turns if case.id == alone.id] == [
        *(turn.what for turn in alone.turns),
        "returned",
    ]
    assert [replace(case, turns=()) for case in after] == [
        replace(case, turns=()) for case in before
    ]


def test_a_new_run_makes_the_same_cases(copy):
    copy.suppress(by="ana", **scope_of(copy.case(1)))
    after = copy.cases()
    copy.refine()
    assert copy.cases() == after


def test_one_is_kept_where_the_preview_is_agreed_to(copy):
    asked = []
    copy.suppress(by="ana", keep=lambda seen: asked.append(seen), **scope_of(copy.case(1)))
    assert len(asked) == 1
    assert copy.suppressions() == []


def test_the_history_may_have_ended_long_ago(copy):
    _, last, _ = copy.lake.span()
    seen = copy.suppress(by="ana", keep=False, **scope_of(copy.case(1)))
    assert seen.suppressions[0].since == last - timedelta(days=90)


def test_from_a_verdict(copy):
    case, *others = copy.cases()
    told = call("judge", case.id, "benign_expected", "--by", "ana", "--suppress", "60d",
                folder=copy.root)  # fmt: skip
    assert "would have hidden 0 findings" in told.stdout  # a judged case keeps its own
    assert "1 case with a verdict would have stayed as judged" in told.stdout
    made = copy.suppressions()
    assert {one.case_id for one in made} == {case.id}
    assert {one.scope.detector for one in made} == {f.finding.detector for f in case.findings}
    assert all(one.scope.entity == office_log.HOSTILE for one in made)  # rules compare with nobody
    assert made[0].reason == "judged benign_expected"
    assert ids(copy.cases()) == ids([case, *others])
    wrong = call("judge", others[0].id, "malicious", "--by", "ana", "--suppress", "60d",
                 folder=copy.root, code=2)  # fmt: skip
    assert "--suppress hides what is right to happen" in wrong.stderr
    assert copy.case(others[0].id).verdict == ""


def test_a_case_that_was_no_false_alarm_is_warned_of(copy):
    case = copy.judge(1, "malicious", by="ana")
    where = scope_of(case)
    told = call("suppressions", "add", "--detector", where["detector"], "--entity",
                where["entity"], "--by", "kim", "--dry-run", folder=copy.root)  # fmt: skip
    assert "1 case of this kind was no false alarm:" in told.stdout
    assert "malicious by ana" in told.stdout
    assert "nothing is kept" in told.stderr


def test_added_listed_and_ended(copy):
    told = call("suppressions", "add", *NARROW, "--for", "30d", "--by", "ana", "--reason",
                "moved\x1b[31m", folder=copy.root)  # fmt: skip
    assert "would have hidden 1 finding of the past 90 days" in told.stdout
    assert "the cases are made anew" in told.stderr
    listed = call("suppressions", "list", folder=copy.root).stdout
    assert r"moved\x1b[31m" in listed
    rows = {
        form: call("suppressions", "list", "--format", form, folder=copy.root).stdout
        for form in ("json", "ndjson", "csv")
    }
    (row,) = json.loads(rows["json"])
    assert json.loads(rows["ndjson"]) == row
    (cells,) = csv.DictReader(io.StringIO(rows["csv"]))
    assert cells["id"] == row["id"] == copy.suppressions()[0].id
    assert row["in_force"]
    assert row["entity"] == office_log.HOSTILE
    ended = call("suppressions", "expire", row["id"], "--by", "kim", folder=copy.root)
    assert "ended by kim" in ended.stderr
    none = call("suppressions", "list", folder=copy.root)
    assert (none.stdout, none.stderr) == ("", "nothing is hidden; what was: --all\n")
    assert "ended by kim on" in call("suppressions", "list", "--all", folder=copy.root).stdout
    call("suppressions", "expire", row["id"], "--by", "kim", folder=copy.root, code=1)


def test_as_json_for_programs(copy):
    told = call("suppressions", "add", *NARROW, "--by", "ana", "--dry-run", "--format", "json",
                folder=copy.root)  # fmt: skip
    seen = json.loads(told.stdout)
    assert seen["findings"] == 1
    assert seen["suppressions"][0]["by"] == "ana"


def test_what_is_refused_says_what_to_do(copy):
    for wrong, says in [
        (("--app", "Okta"), "would hide too much: name a detector"),
        (("--detector", "a b", "--app", "x", "--entity", "y"), "is no detector"),
        ((*NARROW, "--for", "999d"), "lasts 1 to 365 days"),
    ]:
        told = call("suppressions", "add", *wrong, "--by", "ana", folder=copy.root, code=1)
        assert says in told.stderr
    told = call("suppressions", "add", *NARROW, "--for", "soon", "--by", "ana",
                folder=copy.root, code=2)  # fmt: skip
    assert "'soon' is no number of days; write 30d" in told.stderr
    assert (
        "no suppression x; see"
        in call("suppressions", "expire", "x", "--by", "a", folder=copy.root, code=1).stderr
    )
    assert copy.suppressions() == []


def test_names_that_no_finding_has_are_told(copy):
    told = call("suppressions", "add", "--detector", "any.countri", "--value", "=cmd\x1b",
                "--by", "ana", "--dry-run", folder=copy.root)  # fmt: skip
    assert "no finding at all is of this kind: any.countri" in told.stdout
    assert r"no finding at all is of this kind: value =cmd\x1b" in told.stdout


@pytest.mark.parametrize("said", [True, False])
def test_a_person_is_asked(copy, monkeypatch, said):
    monkeypatch.setattr(click, "confirm", lambda *_, **__: said)
    hide(copy, scope_of(copy.case(1)), by="ana", days=9, reason="", ask=True)
    assert len(copy.suppressions()) == said


def test_days_are_written_with_or_without_their_letter():
    context, parameter = click.Context(click.Command("x")), click.Option(["--for"])
    assert [lasting(context, parameter, v) for v in ("30d", "7", None)] == [30, 7, None]


def test_hidden_findings_are_greyed_in_show(office, tmp_path):
    ws = wt.open(shutil.copytree(office.root, tmp_path / "work"))
    case = ws.case(1)
    ws.suppress(by="ana", reason="a\x1b drill", **scope_of(case))
    told = call("show", "1", folder=ws.root).stdout
    until = datetime.now(UTC) + timedelta(days=90)
    assert rf"hidden until {until:%-d %b %Y} by ana: a\x1b drill" in told
    assert "removed an MFA factor" in case.findings[0].sentence
    assert told.index("hidden until") > told.rindex("% of the evidence")  # after all that count
