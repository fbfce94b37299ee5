"""Acts out of order and late, from log files to findings: what is said depends on what is known.

Order within a file, between files and between batches does not matter. What comes after its time
has been judged is late: rules judge it, a replay says what was said live, and a replay that takes
late acts in their place says what would have been said had they come in time.
"""

import json
import random
import re
from datetime import timedelta

import pytest

import office as office_log
from wheeltapper import finding, workspace

LINES = list(office_log.records())


def write(folder, lines, name="okta.ndjson"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def said(ws):
    columns = [name for name in finding.SCHEMA.names if name != "event_ids"]
    rows = ws.findings().select(columns).to_dicts()
    return sorted(json.dumps(row, default=str) for row in rows)


def acts(ws):
    return ws.activities(columns=["native_id", "time", "late"])


def day_of(line):
    return json.loads(line)["published"][:10]


@pytest.fixture(scope="module")
def in_order(office):
    return said(office)


def test_order_within_a_file_does_not_matter(tmp_path, in_order):
    shuffled = random.Random(3).sample(LINES, len(LINES))
    assert shuffled != LINES
    ws = workspace.init(tmp_path / "work")
    ws.run(write(tmp_path / "logs", shuffled))
    assert said(ws) == in_order
    assert not acts(ws)["late"].any()


@pytest.mark.slow
def test_order_of_files_of_one_ingest_does_not_matter(tmp_path, in_order):
    """A file that is days behind the one before it is not late: nothing was judged yet."""
    folder = tmp_path / "logs"
    parts = [LINES[i : i + 135] for i in range(0, len(LINES), 135)]
    for number, part in enumerate(reversed(parts)):
        write(folder, part, f"{number}.ndjson")
    ws = workspace.init(tmp_path / "work")
    (ws.root / "wheeltapper.toml").write_text("[ingest]\nbatch = 100\n")
    ws = workspace.open(ws.root)
    ws.run(folder)
    assert said(ws) == in_order
    assert not acts(ws)["late"].any()


def test_two_ingests_before_a_detection_are_one(tmp_path, in_order):
    """Records that lag hours behind others come in time as long as nobody has judged."""
    ws = workspace.init(tmp_path / "work")
    lagging = LINES[1::3]
    ws.ingest(write(tmp_path / "a", [line for line in LINES if line not in lagging]))
    assert ws.ingest(write(tmp_path / "b", lagging)).late == 0
    ws.detect()
    assert said(ws) == in_order


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """Judged every five days; some records arrive days after their time has been judged."""
    folder = tmp_path_factory.mktemp("live")
    ws = workspace.init(folder / "work")
    draw = random.Random(5)
    late = {line for line in LINES if draw.random() < 0.05}
    late |= {line for line in LINES if '"event-1076"' in line}  # an API token, made at night
    days = sorted({day_of(line) for line in LINES})
    waiting: list[str] = []
    for number in range(0, len(days), 5):
        window = set(days[number : number + 5])
        now = [line for line in LINES if day_of(line) in window]
        batch = [line for line in now if line not in late] + waiting
        waiting = [line for line in now if line in late]
        ws.ingest(write(folder / f"in-{number}", batch))
        ws.detect()
    done = ws.ingest(write(folder / "last", waiting))
    ws.detect()
    assert done.late == len(waiting)
    return ws


@pytest.mark.slow
def test_what_came_late_is_marked_and_counted(live):
    marked = acts(live).filter(acts(live)["late"])
    assert marked.height == len({*marked["native_id"]})
    assert 20 < marked.height < 120
    assert len(acts(live)) == len(LINES)
    assert "event-1076" in marked["native_id"].to_list()


@pytest.mark.slow
def test_a_rule_judges_what_came_late_once(live, in_order):
    token = live.findings(detector="rule.okta_api_token_created")
    assert token.height == 1
    assert token["time"][0] == office_log.BAD_HOUR + timedelta(minutes=1)
    rules = [row for row in in_order if '"rule.' in row]
    assert [row for row in said(live) if '"rule.' in row] == rules


@pytest.mark.slow
def test_a_case_says_which_of_its_acts_came_late(live):
    live.refine()
    cases = live.cases(since=office_log.BAD_HOUR, until=office_log.BAD_HOUR + timedelta(hours=1))
    (case,) = [case for case in cases if "event-1076" in case.native_ids]
    assert re.search(r"\d of its acts? came in late, when its time had been judged\.", case.summary)


@pytest.mark.slow
def test_a_replay_says_what_was_said_live(live):
    before = said(live)
    live.detect(replay=True)
    assert said(live) == before


@pytest.mark.slow
def test_in_their_place_late_acts_make_no_difference_any_more(live, in_order):
    live.detect(replay=True, include_late=True)
    assert said(live) == in_order
