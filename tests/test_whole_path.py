"""From log files to cases, on real data: nothing but what is broken is rejected, and who is
known to have been somebody else stands at the top.
"""

import io
import json
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from refine.grammar import api_names
from wheeltapper import terminal, workspace
from wheeltapper.case import CAMPAIGN, STORY
from wheeltapper.refine.explain import plain
from wheeltapper.refine.headline import MOST_WORDS
from wheeltapper.simulate import simulate
from wheeltapper.workspace import Workspace

SAMPLES = Path(__file__).parent.parent / "samples"
GOLDEN = Path(__file__).parent / "refine" / "golden" / "cases.txt"
BACK_DOOR = "c730aa26bd52829a49f2ad284b181b7e82a68d7d"
"""The commit of 28 March 2021 under another developer's name, made on the project's server."""
REVERT = "046827a7e867bb0e655923c75c25a20d06e3aa8b"
SECOND_BACK_DOOR = "2b0f239b211c7544ebc7a4cd2c977a5b7a11ed8a"
COMMITTED = datetime(2021, 3, 28, 3, 57, 7, tzinfo=UTC)
SPRING = {"since": datetime(2021, 1, 1, tzinfo=UTC), "until": datetime(2021, 5, 1, tzinfo=UTC)}

NO_TIME = "has no time"
NO_LOG = "no log in a form that is read here"
# Records of these files that carry no time at all, or none where their kind keeps it, by reason.
# About ten of them hold a time in an unusual place (docs/status.md); the others hold none.
BROKEN = {
    "amazon_eks_audit.ndjson": 129,
    "asana_audit.ndjson": 19,
    "aws_cloudtrail.ndjson": 14,
    "azure_audit.ndjson": 8,
    "box_event.ndjson": 19,
    "crowdstrike_fdrevent.ndjson": 9,
    "databricks_audit.ndjson": 15,
    "dropbox_teamevent.ndjson": 6,
    "duo_authentication.ndjson": 1,
    "gcp_auditlog.ndjson": 155,
    "github_audit.ndjson": 19,
    "gitlab_audit.ndjson": 3,
    "gsuite_activityevent.ndjson": 57,
    "notion_auditlogs.ndjson": 8,
    "okta_systemlog.ndjson": 18,
    "onelogin_events.ndjson": 39,
    "onepassword_signinattempt.ndjson": 8,
    "slack_auditlogs.ndjson": 13,
    "zoom_operation.ndjson": 1,
}


def rejected(ws: Workspace) -> Counter[str]:
    """Rejects by the beginning of their reason; each has its file, line and record."""
    reasons: Counter[str] = Counter()
    for path in ws.rejects.glob("*.ndjson"):
        for line in path.read_text(encoding="utf-8").splitlines():
            reject = json.loads(line)
            assert Path(reject["file"]).exists()
            assert reject["line"] >= 0
            reasons[
                next(r for r in (NO_TIME, NO_LOG, reject["reason"]) if r in reject["reason"])
            ] += 1
    return reasons


@pytest.fixture
def ws(tmp_path) -> Workspace:
    return workspace.init(tmp_path / "work")


# saas: one file a kind


def saas(shared) -> list[Path]:
    files = sorted((shared / "data" / "saas").glob("*.ndjson"))
    assert len(files) > 20
    return files


@pytest.mark.slow
def test_of_every_saas_log_only_records_without_time_are_rejected(shared, tmp_path):
    counted = {}
    for path in saas(shared):
        ws = workspace.init(tmp_path / path.stem)
        done = ws.run(path)
        reasons = rejected(ws)
        assert set(reasons) <= {NO_TIME}, path.name
        assert done.ingested.rejected == reasons[NO_TIME]
        assert done.ingested.records == len(path.read_bytes().splitlines())
        assert ws.lake.span()[2] == done.ingested.added
        if reasons:
            counted[path.name] = reasons[NO_TIME]
    assert {name: n for name, n in counted.items() if n > BROKEN.get(name, 0)} == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "source", "records"),
    [
        ("cloudtrail", "aws_cloudtrail", 2900),
        ("linux/Linux_2k.log", "sshd", 2000),
        ("linux/OpenSSH_2k.log", "sshd", 2000),
        (
            "windows/collection__msf_record_mic_2020-06-09225055.json.gz",
            "windows",
            6202,
        ),
        (
            "windows/credential_access__psh_input_capture_promptforcreds_2020-10-2001320841.json.gz",
            "windows",
            163,
        ),
        (
            "windows/defense_evasion__cmd_wevtutil_modify_security_eventlog_path.json.gz",
            "windows",
            25208,
        ),
    ],
)
def test_of_other_real_logs_nothing_is_rejected(shared, ws, path, source, records):
    done = ws.run(shared / "data" / path)
    assert rejected(ws) == {}
    assert done.ingested.records == records
    assert set(done.ingested.sources) == {source}
    assert done.ingested.added + done.ingested.known == records
    assert done.detected.acts == done.ingested.added
    again = ws.run(shared / "data" / path)
    assert (again.ingested.added, again.ingested.late, again.detected.findings) == (0, 0, 0)
    assert again.cases == done.cases


def test_what_a_mac_leaves_beside_a_file_is_no_log(shared, ws):
    name = "defense_evasion__._psh_stop_event_logging_controlset_minint_key.json.gz"
    done = ws.run(shared / "data" / "windows" / name)
    assert rejected(ws) == {NO_LOG: 1}
    assert done.ingested.added == 0


# git: a project whose server was broken into


@pytest.fixture(scope="module")
def php(tmp_path_factory) -> Workspace:
    made = workspace.init(tmp_path_factory.mktemp("php") / "work")
    made.run(SAMPLES / "php" / "php.ndjson.gz")
    return made


@pytest.mark.slow
def test_the_first_back_door_commit_stands_at_the_top_of_its_spring(php):
    assert rejected(php) == {}
    cases = php.cases(**SPRING)
    found = [case for case in cases if BACK_DOOR in case.native_ids]
    assert len(found) == 1
    assert found[0].rank <= 3
    assert found[0].start <= COMMITTED <= found[0].end
    assert {REVERT, SECOND_BACK_DOOR} <= set(found[0].native_ids)
    assert len(cases) > 5  # else the rank says little


# An organisation with the real hour of attack in it


@pytest.fixture(scope="module")
def organisation(tmp_path_factory) -> tuple[Workspace, dict[str, object]]:
    """What `make demo` shows, and what is true of it."""
    out = tmp_path_factory.mktemp("organisation") / "sample"
    done = simulate(out, people=120, days=60, seed=1, scenarios=["cloud-account-hour"])
    made = workspace.open(out)
    made.run(done.logs)
    lines = (out / "truth.ndjson").read_text(encoding="utf-8").splitlines()
    (attack,) = [t for t in map(json.loads, lines) if t["scenario"] == "cloud-account-hour"]
    assert attack["real"]
    return made, attack


@pytest.mark.slow
def test_the_attack_is_in_the_top_three_and_told_under_its_name(organisation):
    ws, attack = organisation
    assert rejected(ws) == {}
    top = ws.cases(limit=3)
    (case,) = [c for c in top if c.entity == attack["actor"]]
    assert case.headline.startswith(f"{plain('actor', case.entity)} ")
    assert set(attack["native_ids"]) & set(case.native_ids)


# The words


def note(case, zone="UTC") -> str:
    text = io.StringIO()
    console = Console(width=100, file=text)
    terminal.print_case(console, case, ZoneInfo(zone))
    return text.getvalue()


SCENARIOS = (
    "accounts-in-step", "cloud-account-hour", "impossible-travel", "privilege-escalation",
    "service-account-by-hand", "stolen-session", "storage-ransom",
)  # fmt: skip


@pytest.mark.slow
def test_whole_cases_read_as_they_did(php, tmp_path):
    """Ten cases, of git, CloudTrail, Okta and Google, of most kinds of detectors, and a campaign.

    `make golden` (WHEELTAPPER_GOLDEN=1) writes the file anew; read it before you commit it.
    """
    small = simulate(tmp_path / "small", people=30, days=28, seed=1, scenarios=SCENARIOS)
    ws = workspace.open(tmp_path / "small")
    ws.run(small.logs)
    lines = (tmp_path / "small" / "truth.ndjson").read_text(encoding="utf-8").splitlines()
    cases = ws.cases()
    told = [*php.cases(**SPRING, limit=2), next(c for c in cases if c.kind == CAMPAIGN)]
    for truth in map(json.loads, lines):
        if truth["scenario"] in SCENARIOS:
            told += [c for c in cases if set(c.native_ids) & set(truth["native_ids"])][:1]
    assert len(told) == 10
    for case in told:
        assert len(case.headline.split()) <= MOST_WORDS or case.kind != STORY
        assert api_names(case.headline) == []
    notes = ["\n".join(t.rstrip() for t in note(case).splitlines()) + "\n" for case in told]
    rendered = "\n\n".join(notes)
    if os.environ.get("WHEELTAPPER_GOLDEN"):
        GOLDEN.write_text(rendered, encoding="utf-8")
    assert rendered == GOLDEN.read_text(encoding="utf-8")
