"""Made-up records for tests: harmless lines; "malicious" ones have words of our own."""

import json

from wheeltapper.powershell.records import Record

GOOD = ("Get-ChildItem", "Get-Service", "Write-Host", "Copy-Item", "Get-Date", "Test-Path")
BAD = ("Invoke-Mischief", "Send-Trouble", "Start-Haunting", "Set-Gremlin")


def records(n=120):
    made = []
    for i in range(n):
        label = int(i % 3 == 0)
        words = BAD if label else GOOD
        verb, other = words[i % len(words)], words[(i // 2) % len(words)]
        text = f"{verb} -Path 'C:\\folder{i}'; {other} -Name item{i % 7}; $x{i} = {i}"
        source = f"{'bad' if label else 'good'}-{i % 2}"
        made.append(
            Record(text=text, label=label, source=source, group=f"{source}.{i // 4}", kind="cmd")
        )
    return made


def write(path, made):
    fields = ("text", "label", "source", "group", "kind")
    lines = [json.dumps({name: getattr(record, name) for name in fields}) for record in made]
    path.write_text("\n".join(lines) + "\n")
    return path
