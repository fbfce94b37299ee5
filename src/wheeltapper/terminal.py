"""Results in a terminal: tables and one case, for people; JSON, NDJSON and CSV, for programs.

Log text is hostile here too: control and direction characters are shown as their code, so that no
name can move the cursor, colour a line, or hide itself.
"""

import csv
import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from wheeltapper.case import CAMPAIGN, LOCKSTEP, REOPENED, STORY, Case, CaseFinding, Team

MOST_FINDINGS = 15
MOST_PARTS = 5
"""Findings that are told of a case, and how many of them in how its evidence adds up."""
LEAST_PART = 0.05
"""Bits; less is nothing, to one digit."""
MOST_TEAMS = 8
"""Teams of a campaign that are told in a terminal."""
MOST_TURNS = 8
"""Turns of a case that are told in a terminal, the last."""
HOT, WARM = 14.0, 10.0  # log2 of one in 16,000 and one in 1,000 actor-days

LEARNED_BITS = 0.05
"""A smaller change by verdicts is not told."""
OBEYED = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
"""Unicode's categories of what a terminal obeys, or shows as nothing."""


def safe(text: object) -> str:
    r"""Text without characters that a terminal obeys: each becomes `\x1b` or `\u202e`."""
    return _escaped(str(text), lambda c: c.encode("unicode_escape").decode())


def _escaped(text: str, escape: Callable[[str], str]) -> str:
    if text.isprintable():
        return text
    return "".join(escape(c) if unicodedata.category(c) in OBEYED else c for c in text)


def safe_lines(text: object) -> str:
    """The same, of text that may have several lines."""
    return "\n".join(safe(line) for line in str(text).split("\n"))


def how_rare(score: float) -> str:
    """`1 in 210 k` actor-days, from log2 of N."""
    n = 2.0 ** min(score, 60.0)
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if n >= size:
            scale = 1e3 if unit == "k" else size
            return f"1 in {n / scale:,.0f} {unit}"
    return f"1 in {n:,.0f}"


def span(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """`12 May 11:54-12:29` in the reader's zone."""
    a, b = start.astimezone(zone), end.astimezone(zone)
    if a.date() == b.date():
        return f"{a:%-d %b %Y %H:%M}" + ("" if f"{a:%H:%M}" == f"{b:%H:%M}" else f"-{b:%H:%M}")
    return f"{a:%-d %b %Y %H:%M} - {b:{'%-d %b' if a.year == b.year else '%-d %b %Y'} %H:%M}"


def clock(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """`11:54-12:29`, within a day."""
    a, b = (f"{time.astimezone(zone):%H:%M}" for time in (start, end))
    return a if a == b else f"{a}-{b}"


def print_cases(console: Console, cases: Sequence[Case], zone: ZoneInfo) -> None:
    """The ranked list: a sentence first, identifiers second, rarity third."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(justify="right", style="dim")
    table.add_column(ratio=1)
    table.add_column(justify="right", no_wrap=True)
    for case in cases:
        story = Text(safe(case.headline), style="bold")
        apps = ", ".join(safe(a) for a in case.apps[:3])
        detail = " · ".join(
            p for p in (safe(_who(case)), apps, span(case.start, case.end, zone)) if p
        )
        story.append(f"\n{detail}", style="not bold dim")
        if case.verdict:
            again = ", opened again" if case.status == REOPENED else ""
            judged = f" · {case.verdict} by {safe(case.verdict_by)}{again}"
            story.append(judged, style="not bold yellow" if again else "not bold green")
        style = "bold red" if case.score >= HOT else "yellow" if case.score >= WARM else ""
        rare = case.kind if case.kind == CAMPAIGN else how_rare(case.score)
        table.add_row(str(case.rank), story, Text(rare, style=style))
    console.print(table)


def _who(case: Case) -> str:
    if case.kind != STORY:
        return f"{case.kind} of {_counted(case.members, 'account')}"
    more = len(case.others)
    return case.entity if not more else f"{case.entity} and {_counted(more, 'other')}"


def print_case(console: Console, case: Case, zone: ZoneInfo) -> None:
    """One case as a colleague's note: what happened, how rare that is and why, and what else."""
    console.print(Text(safe(case.headline), style="bold"))
    if case.summary:
        console.print(Text(safe(case.summary)))
    console.print(Text("\n".join(_facts(case, zone)), style="dim"))
    console.print()
    before = ""
    for finding, part in zip(case.findings[:MOST_FINDINGS], case.parts, strict=False):
        console.print(_finding(case, finding, part, zone, again=finding.what == before))
        before = finding.what
    if len(case.findings) > MOST_FINDINGS:
        console.print(
            Text(f"… and {_counted(len(case.findings) - MOST_FINDINGS, 'more finding')}", "dim")
        )
    if case.around:
        console.print()
        console.print("What else happened")
        for line in case.around:
            console.print(Text(f"• {safe(line)}"))
    console.print(
        Text(
            f"{_counted(len(case.native_ids), 'record')} behind it, of "
            f"{_counted(case.event_count, 'act')} in the time",
            style="dim",
        )
    )


def _facts(case: Case, zone: ZoneInfo) -> list[str]:
    when = f"when: {span(case.start, case.end, zone)} ({zone.key})"
    rare = f"how rare: {how_rare(case.score)} {case.entity_type.replace('_', ' ')}-days"
    if case.evidence >= LEAST_PART:
        rare += f" holds as much evidence: {added_up(case)}"
    if case.kind == STORY:
        days, acts = _counted(case.baseline_days, "day"), _counted(case.baseline_acts, "act")
        facts = [when, rare, f"history: {days}, {acts}"]
    else:
        facts = [f"kind: {case.kind}", when, *([] if case.kind == CAMPAIGN else [rare])]
        facts += [f"team: {safe(_team(team))}" for team in case.teams[:MOST_TEAMS]]
    if case.peers:
        facts.append(f"peers: {case.peers}, {safe(case.peer_group)}")
    if case.tactics:
        facts.append(f"chain: {safe(' → '.join(case.tactics))}")
    facts += [f"with: {safe(o.entity)}, {safe(o.why)}" for o in case.others]
    facts += [f"with: {case.unnamed:,} more"] if case.unnamed else []
    if abs(case.learned_bits) >= LEARNED_BITS:
        facts.append(f"verdicts: {case.learned_bits:+.1f} bits, by those on cases like it")
    if case.owner:
        facts.append(f"owner: {safe(case.owner)}, because {safe(case.owner_because)}")
    now = datetime.now(UTC)
    facts += [f"asked: {safe(question.told(zone, now))}" for question in case.questions]
    if case.verdict:
        facts.append(
            f"verdict: {case.verdict} by {safe(case.verdict_by)} {safe(case.verdict_reason)}"
        )
    return [*facts, *_history(case, zone), f"case: {case.id}"]


def added_up(case: Case) -> str:
    """What the evidence is made of: `18.3 bits = 10.1 + 4.6 + 3.6`."""
    *parts, rest = case.parts
    told = [part for part in sorted(parts, reverse=True)[:MOST_PARTS] if part >= LEAST_PART]
    said = [f"{part:.1f}" for part in told]
    small = sum(round(10 * part) for part in [*parts, rest]) - sum(round(10 * p) for p in told)
    if case.kind == LOCKSTEP and rest >= LEAST_PART:
        small -= round(10 * rest)
        said.append(f"{rest:.1f} for what speaks for one hand")
    if small > 0:
        said.append(f"{small / 10:.1f} of the others")
    total = sum(round(10 * part) for part in case.parts) / 10
    return f"{total:.1f} bits" + (f" = {' + '.join(said)}" if len(said) > 1 else "")


def share(part: float, evidence: float) -> str:
    """`10.1 bits, most (55 %) of the evidence`."""
    if part < LEAST_PART:
        return "next to nothing"
    of = part / evidence
    said = "all" if of > 0.995 else f"{max(1, round(100 * of))} %"
    said = f"most ({said})" if 0.505 < of <= 0.995 else said
    return f"{part:.1f} bits, {said} of the evidence"


def _finding(case: Case, finding: CaseFinding, part: float, zone: ZoneInfo, *, again: bool) -> Text:
    line = Text("• ")
    what = "The same" if again and finding.what else finding.what or finding.sentence
    line.append(safe(what), "dim" if finding.suppressed else "")
    if case.evidence >= LEAST_PART and not finding.suppressed:
        # Of what several accounts share, and of the like of it, all but one count less.
        twice = part < LEAST_PART <= finding.bits
        line.append(f" · {'counted above' if twice else share(part, case.evidence)}", "bold")
    if finding.suppressed:
        line.append(f"\n  {safe(finding.suppressed.said())}", "yellow")
    if finding.learned:
        line.append(f"\n  {safe(finding.learned)} ({finding.learned_bits:+.1f} bits)", "cyan")
    if finding.expected:
        kind = finding.finding.detector.split(".", 1)[0]
        by = {"rule": "By", "tie": "Belongs here:"}.get(kind, "Its own history:")
        line.append(f"\n  {by} {safe(finding.expected)}")
    if finding.peers:
        line.append(f"\n  Peers: {safe(finding.peers)}")
    if finding.normal:
        line.append(f"\n  Would have been normal: {safe(finding.normal)}", "green")
    one_day = case.start.astimezone(zone).date() == case.end.astimezone(zone).date()
    when = clock(finding.first, finding.last, zone) if one_day else None
    below = [when or span(finding.first, finding.last, zone)]
    below += [finding.app] if finding.app else []
    below += finding.techniques or finding.finding.attack
    below.append(finding.finding.detector)
    return line.append(f"\n  {safe(' · '.join(below))}", "dim")


def _history(case: Case, zone: ZoneInfo) -> list[str]:
    """What became of a case from run to run, the last of it."""
    told = [f"{turn.at.astimezone(zone):%-d %b %Y %H:%M}, {turn.said(case.id)}"
            for turn in case.turns]  # fmt: skip
    before = len(told) - MOST_TURNS
    more = [f"{before} earlier"] if before > 0 else []
    lines = [f"lineage: {safe(line)}" for line in (*more, *told[-MOST_TURNS:])]
    if case.formerly:
        lines.append(f"told here: {', '.join(map(safe, case.formerly))}")
    return lines


def print_letter(console: Console, subject: str, text: str) -> None:
    """A case as it is written to somebody: to be read, or copied into a message."""
    console.print(Text(safe(subject), style="bold"))
    console.print()
    console.print(Text(safe_lines(text)), soft_wrap=True)


def _team(team: Team) -> str:
    return f"{team.name or 'of no team'}: {team.members:,} of {team.of:,}"


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def print_rows(rows: Iterable[Mapping[str, object]], form: str) -> None:
    """Rows for programs on standard output: `json` (one array), `ndjson` or `csv`."""
    if form == "json":
        print(*map(_safe_json, _json(list(rows), indent=1).split("\n")), sep="\n")
    elif form == "ndjson":
        for row in rows:
            print(_safe_json(_json(row)))
    else:
        writer: csv.DictWriter[str] | None = None
        for row in rows:
            if writer is None:
                writer = csv.DictWriter(sys.stdout, list(row), lineterminator="\n")
                writer.writeheader()
            writer.writerow({key: _cell(value) for key, value in row.items()})


def _json(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent, default=str)


def _safe_json(line: str) -> str:
    """The same JSON: what a terminal would obey can only stand in its strings."""
    return _escaped(line, lambda c: json.dumps(c)[1:-1])


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    text = safe(value if isinstance(value, str) else _json(value))
    # A spreadsheet would run a cell that begins like a formula.
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
