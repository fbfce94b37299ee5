"""`detectors list|show|test` and `backtest` as somebody types them."""

import json
import re
import shutil
from pathlib import Path

import pytest

from test_cli import call
from wheeltapper import workspace

CLIENT = """\
[any.client]
family = "novelty"
about = "A client program that the account has hardly ever used"
filter = "ua_client is not null and actor_type = 'human'"
entity = "actor"
value = "ua_client"
unit = "day"
says = "with {value}"
settings = { min_bits = MIN }
"""
TEST = """
[[any.client.test]]
it = "speaks of a new client"
usual = { actor = ["ana", "ben"], ua_client = "Firefox" }
then = { actor = "ana", ua_client = "curl" }
fires = WHOM
"""


@pytest.fixture
def copy(office, tmp_path):
    return Path(shutil.copytree(office.root, tmp_path / "work"))


def edited(folder, least, whom="['ana']"):
    (folder / "detectors").mkdir(exist_ok=True)
    text = CLIENT.replace("MIN", str(least)) + TEST.replace("WHOM", whom)
    (folder / "detectors" / "mine.toml").write_text(text)
    return folder / "detectors" / "mine.toml"


def test_show_reads_like_a_page(office):
    told = call("detectors", "show", "any.client", folder=office.root).stdout
    folded = " ".join(told.split())
    assert told.startswith("any.client  novelty · packaged\nA client program that the account has")
    assert re.search(r"asks +has this entity, or have its peers, ever had this value\?", told)
    assert re.search(r"of each +actor, compared with its peer_group", told)
    assert re.search(r"ATT&CK +T1550 Use Alternate Authentication Material", told)
    assert re.search(r"min_bits +\d+: Below this nothing is said\.", told)
    assert "In this workspace: 1 finding about 1 actor, 12 Feb 2026 03:00" in told
    assert "with curl: never before in 38 days" in folded
    assert told.endswith("what it would have said: wheeltapper backtest --detector any.client\n")


def test_show_one_that_is_silent_or_off(copy):
    told = call("detectors", "show", "okta.prompts", folder=copy).stdout
    assert "It has said nothing in this workspace." in told
    (copy / "wheeltapper.toml").write_text('[detect]\noff = ["okta.*"]\n')
    told = call("detectors", "show", "okta.prompts", folder=copy).stdout
    assert "It is switched off in this workspace" in told


def test_show_one_that_is_not_there(office):
    told = call("detectors", "show", "any.clinet", folder=office.root, code=1)
    assert "there is no detector any.clinet; did you mean any.client?" in told.stderr


def test_tests_that_pass_and_fail(copy):
    file = edited(copy, 4)
    told = call("detectors", "test", "any.client", folder=copy)
    assert told.stdout == "ok    any.client: speaks of a new client\n"
    assert told.stderr == "1 entry is valid; 1 test, 0 failed\n"
    edited(copy, 4, "[]")
    told = call("detectors", "test", file, folder=copy, code=1)
    assert told.stdout.startswith(
        "FAIL  any.client: speaks of a new client\n"
        "      expected: it speaks of nobody\n"
        "      happened: it spoke of ana (Wed 18 Feb 09:00, "
    )
    rows = json.loads(call("detectors", "test", "--format", "json", folder=copy, code=1).stdout)
    assert [(r["detector"], r["passed"]) for r in rows] == [("any.client", False)]


def test_a_mistake_fails_the_tests_with_its_line(copy):
    file = edited(copy, 4)
    file.write_text(file.read_text().replace('"actor"\n', '"acter"\n'))
    told = call("detectors", "test", folder=copy, code=1)
    assert "mine.toml:5: any.client.entity: 'acter' is nobody to speak about; did you" in (
        told.stdout.replace("\n", "")
    )
    assert ", 1 cannot be used; 0 tests, 0 failed" in told.stderr
    assert "mine.toml:5: any.client.entity" in call("detectors", "list", folder=copy, code=1).stderr


def test_backtest_for_people(office):
    told = call("backtest", "--detector", "any.client", folder=office.root).stdout
    lines = told.splitlines()
    assert lines[0].startswith("any.client  novelty · A client program")
    assert lines[1].endswith("(UTC); the lake begins there, so habits are missing at first")
    assert "1 finding about 1 entity: 0.025 a day, on 1 of 40 days, at most 1" in lines
    assert "they would have stood in 1 case" in lines
    calendar = lines.index("week of      Mon  Tue  Wed  Thu  Fri  Sat  Sun")
    assert lines[calendar + 6].split() == ["9", "Feb", "2026", ".", ".", ".", "1", "."]
    assert r"mallory\x1b[31m\u202e<b>\n=cmd" in told
    assert re.search(r"12 Feb 2026 03:00 · .* · \d\.\d bits · event [0-9a-f]{32}", told)
    assert re.match(r"cost: 1,080 acts read, 1,080 looked at, \d", lines[-1])


def test_backtest_of_what_says_nothing(office):
    told = call("backtest", "--detector", "okta.prompts", "--days", 7, folder=office.root).stdout
    assert "It would have said nothing." in told
    assert "learned from 33 days before" in told


@pytest.mark.parametrize(
    ("least", "said"),
    [(0, r"10 added, 0 gone, 1 the same"), (30, "0 added, 1 gone, 0 the same")],
)
def test_backtest_beside_the_packaged_version(copy, least, said):
    edited(copy, least)
    told = call("backtest", "--detector", "any.client", folder=copy).stdout
    assert re.search(f"against the packaged version: {said}", told)
    assert f"settings.min_bits: 8 → {least}" in told
    assert re.search(r"^[-+] \S", told, re.MULTILINE)


def test_backtest_of_a_draft_for_programs(copy, tmp_path):
    draft = shutil.move(edited(copy, 0), tmp_path / "draft.toml")
    told = call("backtest", "--entry", draft, "--format", "json", folder=copy).stdout
    row = json.loads(told)
    assert row["against"] == "the packaged version"
    assert row["added"] == row["findings"] - 1
    assert set(row) >= {"per_day", "per_entity", "in_cases", "examples", "seconds", "acts"}
    assert list(row["per_day"][0]) == ["day", "findings", "entities", "added", "gone"]


def test_backtest_wants_a_detector_and_a_history(copy, tmp_path):
    told = call("backtest", folder=copy, code=2)
    assert "name a --detector, or an --entry file with a draft" in told.stderr
    empty = workspace.init(tmp_path / "empty").root
    told = call("backtest", "--detector", "any.client", folder=empty, code=1)
    assert "there is no history yet; fill the lake with: ingest" in told.stderr
    call("backtest", "--detector", "any.client", "--days", 0, folder=copy, code=2)
