"""Every command as somebody types it: results, errors, exit codes, and nothing that is obeyed."""

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pyarrow as pa
import pytest
from click.testing import CliRunner

import office as office_log
from wheeltapper import cli, finding, workspace
from wheeltapper.cli import main

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def call(*arguments: object, folder: Path | None = None, code: int = 0):
    """Run the command; no exception but a clean end, whatever its code."""
    where = ["-w", str(folder)] if folder else []
    result = CliRunner().invoke(main, [*where, *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    assert not CONTROL.search(result.output), "something that a terminal obeys came out"
    return result


@pytest.fixture
def copy(office, tmp_path):
    """The office, to be changed."""
    return Path(shutil.copytree(office.root, tmp_path / "work"))


@pytest.fixture
def empty(tmp_path):
    return workspace.init(tmp_path / "empty").root


# A whole round


@pytest.mark.slow
def test_from_nothing_to_a_case(tmp_path):
    logs = office_log.write(tmp_path / "logs")
    made = call("init", tmp_path / "work")
    assert "next: wheeltapper -w" in made.stderr
    ran = call("run", logs, folder=tmp_path / "work")
    assert ran.stdout == ""
    assert "took it for okta: 1,080 acts" in ran.stderr
    assert "1,081 records from 1 files: 1,080 acts added" in ran.stderr
    assert re.search(r"1 rejected, each with file, line and reason in \S+/rejects/", ran.stderr)
    assert "1,080 acts judged, 6 findings, 1 cases in all" in ran.stderr
    again = call("run", logs, folder=tmp_path / "work")
    assert "0 acts added, 1,080 known already" in again.stderr
    assert "0 acts judged, 0 findings, 1 cases in all" in again.stderr
    assert "older than what has been judged" not in again.stderr


def test_one_step_at_a_time_is_the_same(tmp_path, office, empty):
    logs = office_log.write(tmp_path / "logs")
    told = call("ingest", logs, "--source", "okta", "--format", "json", folder=empty)
    done = json.loads(told.stdout)
    assert (done["records"], done["added"], done["rejected"]) == (1081, 1080, 1)
    call("detect", folder=empty)
    rows = [json.loads(call("cases", "--format", "json", folder=f).stdout)
            for f in (empty, office.root)]  # fmt: skip
    assert rows[0] == rows[1]
    assert len(rows[0]) == 1


def test_replay(copy):
    before = call("findings", "--format", "ndjson", folder=copy).stdout
    told = call("detect", "--replay", folder=copy)
    assert "1,080 acts judged, 6 findings, 1 cases" in told.stderr
    told = call("detect", "--replay", "--include-late", folder=copy)
    assert call("findings", "--format", "ndjson", folder=copy).stdout == before
    refused = call("detect", "--include-late", folder=copy, code=2)
    assert "--include-late needs --replay" in refused.stderr


# Cases


def test_times_are_those_of_whoever_sits_at_the_terminal(office, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert "12 Feb 2026 12:00-12:03" in call("cases", folder=office.root).stdout
    assert "12 Feb 2026 12:00-12:03 (Asia/Tokyo)" in call("show", "1", folder=office.root).stdout
    for unusable in (":Asia/Tokyo/..", "CET-1CEST", "nowhere", "/etc", ""):
        monkeypatch.setenv("TZ", unusable)
        assert "(UTC)" in call("show", "1", folder=office.root).stdout  # the workspace's


def test_cases_for_people(office):
    told = call("cases", folder=office.root).stdout
    assert told.lstrip().startswith("1")
    assert "gave administrator rights" in told
    assert r"mallory\x1b[31m\u202e<b>\n=cmd" in told
    assert "12 Feb 2026 03:00-03:03" in told
    assert re.search(r"1 in \d+", told)


@pytest.mark.parametrize("form", ["json", "ndjson", "csv"])
def test_cases_for_programs(office, form):
    text = call("cases", "--format", form, folder=office.root).stdout
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(text)))
        assert rows[0]["entity"] == r"mallory\x1b[31m\u202e<b>\n=cmd"
    else:
        rows = json.loads(text) if form == "json" else [json.loads(t) for t in text.splitlines()]
        assert rows == [case.to_dict() for case in office.cases()]
        assert set(rows[0]) >= {
            "id", "rank", "score", "entity", "start", "end", "headline", "findings", "native_ids",
        }  # fmt: skip
        assert {"event-1075", "event-1078"} <= set(rows[0]["native_ids"])
    assert len(rows) == 1


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--since", "2026-02-12", "--until", "2026-02-13"], 1),
        (["--since", "2026-02-12T03:02:00+00:00"], 1),
        (["--since", "2026-02-13"], 0),
        (["--until", "2026-02-12T04:00+01:00"], 0),
        (["--status", "open"], 1),
        (["--status", "closed"], 0),
        (["--entity", office_log.HOSTILE], 1),
        (["--entity", "ana"], 0),
        (["--limit", "1"], 1),
    ],
)
def test_cases_that_are_asked_for(office, options, count):
    told = call("cases", *options, "--format", "json", folder=office.root).stdout
    assert len(json.loads(told)) == count


def test_no_case_is_told_with_what_was_looked_at(empty):
    told = call("cases", folder=empty)
    assert told.stdout == ""
    assert "no case: 0 acts looked at, 0 findings below the bar" in told.stderr
    assert json.loads(call("cases", "--format", "json", folder=empty).stdout) == []
    assert call("cases", "--format", "ndjson", folder=empty).stdout == ""
    assert call("findings", "--format", "csv", folder=empty).stdout == ""


def test_one_case(office):
    (case,) = office.cases()
    for which in ("1", case.id):
        told = call("show", which, folder=office.root).stdout
        assert told.startswith("mallory [31m <b> =cmd gave administrator rights")
        assert "Would have been normal: Firefox" in told
        assert f"case: {case.id}" in told
        as_json = json.loads(call("show", which, "--format", "json", folder=office.root).stdout)
        assert as_json == case.to_dict()


@pytest.mark.parametrize("which", ["99", "0", "-1", "²", "no-such", "9" * 5000, "\x1b[31m"])
def test_a_case_that_is_not_there(office, which):
    told = call("show", "--", which, folder=office.root, code=1)
    assert "there is no case" in told.stderr
    assert "list them with: wheeltapper cases" in told.stderr


def test_a_case_that_was_merged_is_shown_where_it_is_told(copy):
    ws = workspace.open(copy)
    case = ws.case(1)
    told, *_ = case.findings
    alone = replace(told, finding=replace(told.finding, event_ids=("00" * 16,)))
    with ws.casebook() as book:
        later = case.start + timedelta(days=1)
        young = replace(case, id="young", findings=(alone,), start=later, end=later)
        book.save([case, young])
        book.save([replace(case, findings=(*case.findings, alone))])
    done = call("show", "young", folder=copy)
    assert f"case young was merged into case {case.id}" in done.stderr
    assert f"case: {case.id}" in done.stdout
    assert "told here: young" in done.stdout


def test_a_verdict_is_given_and_kept_through_the_next_run(copy):
    told = call(
        "judge", "1", "malicious", "--by", "ana", "--reason", "keys\x1b[31m stolen", folder=copy
    )
    assert "malicious by ana" in told.stderr
    call("detect", "--replay", folder=copy)
    (case,) = json.loads(
        call("cases", "--status", "closed", "--format", "json", folder=copy).stdout
    )
    assert (case["verdict"], case["verdict_by"]) == ("malicious", "ana")
    assert "malicious by ana" in call("cases", folder=copy).stdout
    assert r"keys\x1b[31m stolen" in call("show", "1", folder=copy).stdout


def test_verdicts_that_are_none(copy):
    call("judge", "1", "dunno", "--by", "ana", folder=copy, code=2)
    call("judge", "1", "malicious", folder=copy, code=2)
    told = call("judge", "1", "malicious", "--by", " ", folder=copy, code=2)
    assert "a verdict needs somebody who gives it" in told.stderr
    call("judge", "7", "malicious", "--by", "ana", folder=copy, code=1)


def test_a_case_that_was_judged_is_shown_as_it_was_judged(copy):
    call("judge", "1", "benign_expected", "--by", "ana", folder=copy)
    call("detect", folder=copy)
    (case,) = json.loads(call("cases", "--format", "json", folder=copy).stdout)
    assert case["verdict"] == "benign_expected"
    assert case["score"] > 5  # the judged case is shown as it was judged


# Findings


def test_findings_have_the_columns_of_the_design_one_object_a_line(office):
    lines = call("findings", "--format", "ndjson", folder=office.root).stdout.splitlines()
    assert len(lines) == 6
    for line in lines:
        assert list(json.loads(line)) == finding.SCHEMA.names == [
            "detector", "entity_type", "entity", "time", "bits", "llr", "observed", "expected",
            "baseline_n", "event_ids", "attack", "evidence",
        ]  # fmt: skip


def test_findings_for_people_and_for_a_spreadsheet(office):
    told = call("findings", folder=office.root).stdout
    assert len(told.splitlines()) == 6
    assert r"mallory\x1b[31m\u202e<b>\n=cmd" in told
    rows = list(csv.DictReader(io.StringIO(
        call("findings", "--format", "csv", folder=office.root).stdout)))  # fmt: skip
    assert len(rows) == 6


def test_findings_that_speak_for_an_account_are_counted_and_left_to_programs(tmp_path):
    ws = workspace.init(tmp_path / "work")
    against = {"detector": "git.hour", "entity_type": "actor", "entity": "kim", "bits": 4.0,
               "llr": 1.0, "time": datetime(2026, 1, 5, tzinfo=UTC),
               "event_ids": [b"x" * 16]}  # fmt: skip
    rows = [against, {**against, "detector": "git.utc_offset", "bits": 0.1, "llr": -6.0}]
    ws.lake.append_findings(pa.Table.from_pylist(rows, finding.SCHEMA), "000000000001-x")
    told = call("findings", folder=ws.root)
    assert "git.hour" in told.stdout
    assert "git.utc_offset" not in told.stdout
    assert "1 more speak for the account" in told.stderr
    whole = call("findings", "--format", "ndjson", folder=ws.root).stdout
    assert len(whole.splitlines()) == 2


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--detector", "any.client"], 1),
        (["--entity", "ana"], 0),
        (["--since", "2026-02-12T03:02"], 2),
        (["--until", "2026-02-12T03:01"], 3),
    ],
)
def test_findings_that_are_asked_for(office, options, count):
    told = call("findings", *options, "--format", "ndjson", folder=office.root).stdout
    assert len(told.splitlines()) == count


# The lists


@pytest.mark.parametrize("form", ["table", "json", "ndjson", "csv"])
@pytest.mark.parametrize("what", ["rules", "detectors"])
def test_lists(empty, what, form):
    told = call(what, "list", "--format", form, folder=empty).stdout
    assert ("cloudtrail_audit_trail_silenced" if what == "rules" else "any.country") in told
    if form == "json":
        assert all(row["runs"] for row in json.loads(told) if what == "rules")


def test_a_rule_that_cannot_be_run_is_listed_with_its_reason(empty):
    (empty / "rules").mkdir()
    (empty / "rules" / "mine.yml").write_text("title: Mine\n")
    rows = json.loads(call("rules", "list", "--format", "json", folder=empty).stdout)
    (mine,) = [row for row in rows if row["rule"] == "mine"]
    assert not mine["runs"]
    assert mine["reason"]


def test_one_detector(empty):
    told = call("detectors", "show", "any.country", "--format", "json", folder=empty).stdout
    assert json.loads(told)["says"] == "from {value}"


def test_a_detector_that_cannot_be_read_stops_before_anything_is_judged(copy):
    (copy / "detectors").mkdir()
    (copy / "detectors" / "mine.toml").write_text('[mine.one]\nfamily = "tea"\n')
    told = call("detect", folder=copy, code=1)
    assert re.search(r"mine\.toml:1: mine\.one: lacks about", told.stderr)


# Doctor, simulate, train, serve


def test_doctor(office, empty, tmp_path):
    checks = json.loads(call("doctor", "--format", "json", folder=office.root).stdout)
    by_name = {check["what"]: check for check in checks}
    assert by_name["lake"]["says"] == "1,080 acts from 2026-01-05 to 2026-02-13"
    assert by_name["rejects"]["state"] == "warning"
    assert "warn lake: empty" in call("doctor", folder=empty).stdout
    told = call("doctor", folder=tmp_path / "nowhere", code=1).stdout
    assert "FAIL settings:" in told
    assert "wheeltapper init" in told


def test_simulate(tmp_path):
    told = call("simulate", tmp_path / "s", "--people", 20, "--days", 14, "--no-attack")
    assert "20 people" in told.stderr
    assert (tmp_path / "s" / "logs").is_dir()
    assert "real" not in told.stderr.split("\n")[0]
    again = call("simulate", tmp_path / "s", "--people", 20, "--days", 14, code=1)
    assert str(tmp_path / "s") in again.stderr


def test_too_small_an_organisation_is_wrong_usage(tmp_path):
    call("simulate", tmp_path / "s", "--people", 1, code=2)


def test_train_with_too_little_history(empty, copy):
    told = call("train", folder=empty, code=1)
    assert "there is nothing to learn from" in told.stderr
    told = call("train", "--until", "2026-02-01", folder=copy, code=1)
    assert "too little history" in told.stderr
    told = call("train", "--only", "weights", folder=copy, code=1)
    assert "too little history to learn weights from" in told.stderr


def test_serve_beyond_this_machine_asks_for_a_token(empty):
    told = call("serve", "--host", "0.0.0.0", folder=empty, code=1)  # noqa: S104  (is refused)
    assert "token" in told.stderr


# Errors


def test_no_workspace_is_told_with_what_to_do(tmp_path):
    for command in (["cases"], ["run", "x"], ["detect"], ["findings"], ["rules", "list"]):
        told = call(*command, folder=tmp_path / "nowhere", code=1)
        assert "is no workspace" in told.stderr
        assert "make one with: wheeltapper init" in told.stderr


def test_init_twice_is_refused_and_changes_nothing(empty):
    before = (empty / "wheeltapper.toml").read_bytes()
    told = call("init", empty, code=1)
    assert "is there already" in told.stderr
    assert (empty / "wheeltapper.toml").read_bytes() == before


def test_init_where_it_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    told = call("init", tmp_path / "file" / "work", code=1)
    assert "cannot be made a workspace" in told.stderr


def test_a_setting_that_is_none(empty):
    (empty / "wheeltapper.toml").write_text("# mine\ncolour = 'red'\n")
    told = call("cases", folder=empty, code=1)
    assert re.search(
        r"wheeltapper\.toml:2: colour is no setting; there are: .*timezone", told.stderr
    )


def test_logs_that_are_not_there(empty):
    told = call("run", empty / "nowhere.json", folder=empty, code=1)
    assert "nowhere.json" in told.stderr


def test_a_log_kind_that_is_not_known(empty, tmp_path):
    logs = office_log.write(tmp_path / "logs")
    told = call("ingest", logs, "--source", "otka", folder=empty, code=1)
    assert "otka" in told.stderr
    assert "okta" in told.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["run"],
        ["cases", "--format", "xml"],
        ["cases", "--limit", "0"],
        ["cases", "--since", "yesterday"],
        ["cases", "--since", "2026-13-01"],
        ["findings", "--colour"],
        ["show"],
    ],
)
def test_wrong_usage(empty, arguments):
    told = call(*arguments, folder=empty, code=2)
    assert "Traceback" not in told.output
    assert "wheeltapper" in told.stderr or "Usage" in told.stderr


@pytest.mark.slow
def test_damaged_state_is_told_without_a_traceback_and_with_one_on_request(copy):
    (copy / "state" / "manifest.json").write_text("{")
    arguments = [sys.executable, "-m", "wheeltapper.cli", "-w", str(copy)]
    plain = subprocess.run([*arguments, "detect"], capture_output=True, text=True, check=False)
    assert plain.returncode == 1
    assert re.search(r"Error: .*manifest\.json: cannot be read.*detect --replay", plain.stderr)
    assert "Traceback" not in plain.stderr
    asked = [*arguments[:3], "--debug", *arguments[3:], "detect"]
    debug = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert debug.returncode == 1
    assert "Traceback" in debug.stderr
    assert call("doctor", folder=copy, code=1).stdout.count("FAIL state:") == 1


# Pipes


@pytest.mark.slow
def test_a_pipe_that_is_closed_early_is_a_quiet_end(office):
    command = f"{sys.executable} -m wheeltapper.cli -w '{office.root}' findings --format json"
    ended = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | head -c 1"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.stdout == "["
    assert ended.stderr == ""


@pytest.mark.slow
def test_output_to_a_pipe_has_no_colour_and_no_progress(copy, tmp_path):
    for arguments in (["run", str(office_log.write(tmp_path / "logs"))], ["cases"]):
        ran = subprocess.run(
            [sys.executable, "-m", "wheeltapper.cli", "-w", str(copy), *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
        assert ran.stdout + ran.stderr
        assert not CONTROL.search(ran.stdout + ran.stderr)


# Help


def commands(group=main, path=()):
    for name in group.list_commands(click.Context(group)):
        command = group.commands[name]
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


EVERY = dict(commands())


def test_help_of_everything():
    told = call("--help").stdout
    for path, command in EVERY.items():
        assert path[0] in told
        assert command.help, f"{path} says nothing of itself"
        own = call(*path, "--help").stdout
        assert "\\b" not in own, f"{path}: click's mark is shown, not obeyed"
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.opts[0] in own
                assert parameter.help or parameter.show_default, f"{path} {parameter.opts}"
    assert call("-h").stdout == told
    assert re.match(r"main, version \d|wheeltapper, version \d", call("--version").stdout)


EXAMPLES = [
    line.split()
    for command in [main, *EVERY.values()]
    for line in (command.help or "").splitlines()
    if line.strip().startswith("wheeltapper ")
]


def test_examples_are_found():
    assert len(EXAMPLES) > 10


@pytest.mark.parametrize("example", EXAMPLES, ids=" ".join)
def test_examples_in_the_help_can_be_typed(example, tmp_path, monkeypatch):
    """Each is read as click reads it: commands, options and values exist."""
    arguments = example[1:]
    monkeypatch.chdir(tmp_path)
    for name in arguments:  # the files and folders that it speaks of
        if re.fullmatch(r"[a-z]+/", name):
            (tmp_path / name).mkdir()
        elif re.fullmatch(r"[a-z]+(\.[a-z0-9]+)+", name):
            (tmp_path / name).touch()
    if arguments[0] == "-w":
        arguments = arguments[2:]
    command: click.Command = cli.main
    while isinstance(command, click.Group):
        name, *arguments = arguments
        command = command.commands[name]
    text = " ".join(arguments)
    context = command.make_context(name, re.findall(r'"[^"]*"|\S+', text), obj=Path())
    assert context.params or not command.params
