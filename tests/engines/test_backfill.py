"""Old logs come in while a process follows: none is lost, none is judged twice."""

import json
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
from following import ingested, start, until

import office as office_log
from wheeltapper import workspace

LINES = list(office_log.records())
SPLIT, MIDDLE = "2026-01-25", "2026-02-04"
RULES = "system.api_token.create", "policy.rule.delete"


def written(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def between(first: str, last: str) -> list[str]:
    return [line for line in LINES if first <= json.loads(line)["published"] < last]


def old() -> list[str]:
    """Days before, with acts in them that rules speak of."""
    odd = [
        office_log.record("ana", office_log.FIRST, action, 90_000 + n)
        for n, action in enumerate(RULES)
    ]
    return [*between("2026-01-01", SPLIT), *odd]


def said(ws: workspace.Workspace, *, rules: bool | None = None) -> list[str]:
    columns = ["detector", "entity", "time", "bits", "llr"]
    rows = ws.findings().select(columns).to_dicts()
    return sorted(
        json.dumps(row, default=str)
        for row in rows
        if rules is None or row["detector"].startswith("rule.") == rules
    )


def made(root: Path, jobs: int = 1) -> workspace.Workspace:
    ws = workspace.init(root)
    (root / "wheeltapper.toml").write_text(f"[detect]\nlateness_minutes = 1440\njobs = {jobs}\n")
    return workspace.open(ws.root)


def alone(root: Path, lines: Sequence[str]) -> workspace.Workspace:
    """What comes out of these lines in one run."""
    ws = made(root / "work")
    (root / "all.ndjson").write_bytes(written(lines))
    ws.run(root / "all.ndjson")
    return ws


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("jobs", [1, 2])
def test_old_logs_come_in_while_it_follows(tmp_path, jobs):
    ws = made(tmp_path / "work", jobs)
    logs = tmp_path / "logs"
    logs.mkdir()
    live = [between(SPLIT, MIDDLE), between(MIDDLE, "2027")]
    (logs / "live.ndjson").write_bytes(written(live[0]))
    process = start(ws.root, logs)
    try:
        until(process, lambda line: line.get("stage") == "detect" and line["acts"])
        past = old()
        (logs / "old.ndjson").write_bytes(written(past))
        with (logs / "live.ndjson").open("ab") as file:  # at the same time
            file.write(written(live[1]))
        ingested(process, len(past) + len(live[1]))
        (logs / "old again.ndjson").write_bytes(written(past))
        came = ingested(process, len(past))
        assert not sum(line["added"] for line in came if line.get("stage") == "ingest")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)
    assert process.returncode == 0
    ws.detect()

    assert ws.lake.span()[2] == len(LINES) + len(RULES)
    assert len(said(ws)) == len(set(said(ws))), "something was found twice"
    undisturbed = alone(tmp_path / "live", [*live[0], *live[1]])
    assert said(ws, rules=False) == said(undisturbed, rules=False)
    by_rules = said(alone(tmp_path / "old", old()), rules=True)
    assert len(by_rules) >= 2
    assert said(ws, rules=True) == sorted([*said(undisturbed, rules=True), *by_rules])
    if jobs == 1:  # and taken in their place, they are as if they had come in time
        ws.detect(replay=True, include_late=True)
        assert said(ws) == said(alone(tmp_path / "all", [*LINES, *old()]))
