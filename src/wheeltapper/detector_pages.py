"""Pages about detectors in a terminal: an entry as a page, a backtest as a report.

Everything from logs and entries is made safe to show, as in `terminal`.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from wheeltapper.terminal import safe

if TYPE_CHECKING:
    from wheeltapper.engines.local.backtest import Backtest
    from wheeltapper.engines.local.entry import Entry, Spoken
    from wheeltapper.engines.local.trials import Tried

LOUDEST = 10
WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MARKS = {"added": "+", "gone": "-", "same": " "}


def _counted(n: int, one: str, many: str = "") -> str:
    return f"{n:,} {one}" if n == 1 else f"{n:,} {many or one + 's'}"


def _moment(time: datetime, zone: ZoneInfo) -> str:
    return f"{time.astimezone(zone):%-d %b %Y %H:%M}"


def _dim(text: str) -> Text:
    return Text(text, style="dim")


def _facts(console: Console, facts: Sequence[tuple[str, str]], indent: int = 0) -> None:
    """Names on the left, what is to be said of them on the right; a long one is folded there."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in facts:
        if text:
            table.add_row(" " * indent + name, Text(safe(text)))
    console.print(table)


def print_list(console: Console, rows: Sequence[Mapping[str, object]]) -> None:
    """A line a detector: its name, its family, what it looks for."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for row in rows:
        about = f"{row['about']} ({row['entity']})"
        table.add_row(*(Text(safe(v)) for v in (row["detector"], row["family"], about)))
    console.print(table)


# One entry


def print_entry(console: Console, entry: "Entry", zone: ZoneInfo) -> None:
    """A detector as a page: what it asks, of whom, its settings, and what it has said here."""
    d = entry.detector
    title = Text(safe(d.name), style="bold")
    title.append(f"  {d.family} · {entry.origin}", style="not bold dim")
    console.print(title)
    console.print(Text(safe(d.about)))
    console.print(_dim(safe(d.file)))
    console.print()
    once = {"act": "every act counts", "session": "a session counts once"}
    _facts(
        console,
        [
            ("asks", entry.asks),
            ("of each", f"{d.entity}, compared with {'its ' + d.peers if d.peers else 'everyone'}"),
            ("counts", once.get(d.unit, "a day counts once")),
            ("looks at", d.filter),
            ("compares", d.value),
            ("that matter", d.mark),
            ("amount", d.measure),
            ("says", d.says),
            ("ATT&CK", ", ".join(entry.attack)),
            ("weight", "" if d.weight == 1 else f"{d.weight:g} of its evidence counts"),
        ],
    )
    console.print()
    console.print(_dim("settings"))
    _facts(
        console,
        [
            (
                s.name,
                f"{s.value:,.10g}"
                + ("" if s.value == s.default else f" (default {s.default:,.10g})")
                + (f": {s.meaning}" if s.meaning else ""),
            )
            for s in entry.settings
        ],
        indent=2,
    )
    if entry.limits:
        console.print()
        console.print(_dim(safe(entry.limits)))
    console.print()
    _print_spoken(console, d.name, entry.spoken, zone)


def _print_spoken(console: Console, name: str, spoken: "Spoken", zone: ZoneInfo) -> None:
    if spoken.off:
        console.print("It is switched off in this workspace (detect.off in wheeltapper.toml).")
    if not spoken.findings or spoken.first is None or spoken.last is None:
        console.print("It has said nothing in this workspace.")
    else:
        console.print(
            f"In this workspace: {_counted(spoken.findings, 'finding')} about "
            f"{_counted(spoken.entities, spoken.entity_type)}, "
            f"{_moment(spoken.first, zone)} to {_moment(spoken.last, zone)}; "
            f"{spoken.lately:,} in the last 30 days of the lake."
        )
        for one in spoken.latest:
            line = Text(f"  {_moment(one.time, zone)}  ", style="dim")
            line.append(f"{one.bits:5.1f} bits  ", style="dim")
            line.append(safe(one.sentence or one.entity), style="not dim")
            console.print(line)
    console.print(_dim(f"what it would have said: wheeltapper backtest --detector {safe(name)}"))


# Tests


def print_tried(console: Console, tried: "Tried") -> None:
    """A line a test that passed; what was expected and what happened of one that did not."""
    for mistake in tried.mistakes:
        console.print(Text.assemble(("FAIL  ", "bold red"), safe(mistake)))
    for result in tried.results:
        mark = ("ok    ", "green") if result.passed else ("FAIL  ", "bold red")
        console.print(Text.assemble(mark, safe(f"{result.detector}: {result.it}")))
        if not result.passed:
            console.print(Text(f"      expected: {safe(result.expected)}"))
            console.print(Text(f"      happened: {safe(result.happened)}"))


def summed_up(tried: "Tried") -> str:
    """`3 entries are valid, 1 has no test; 4 tests, 1 failed`."""
    n = len(tried.detectors)
    text = f"{_counted(n, 'entry', 'entries')} {'is' if n == 1 else 'are'} valid"
    if tried.mistakes:
        text += f", {len(tried.mistakes):,} cannot be used"
    failed = sum(not r.passed for r in tried.results)
    text += f"; {_counted(len(tried.results), 'test')}, {failed:,} failed"
    return text


# A backtest


def print_backtest(console: Console, found: "Backtest") -> None:
    """How often, when, of whom, with what, what became of it, and what it cost."""
    zone = ZoneInfo(found.timezone)
    figures = found.summary()
    title = Text(safe(found.detector), style="bold")
    title.append(f"  {found.family} · {safe(found.about)}", style="not bold dim")
    console.print(title)
    console.print(_window(found, zone))
    if found.against:
        console.print(_against(found))
    console.print()
    raised = found.raised
    if not len(raised):
        console.print("It would have said nothing.")
    else:
        console.print(
            Text.assemble(
                (f"{_counted(len(raised), 'finding')}", "bold"),
                f" about {_counted(_number(figures['entities']), 'entity', 'entities')}: "
                f"{figures['findings_per_day']:.3g} a day, on "
                f"{figures['days_with_findings']} of {_counted(_number(figures['days']), 'day')}, "
                f"at most {figures['most_in_a_day']}",
            )
        )
        console.print(_cases(found))
    if len(found.findings):
        console.print()
        _print_calendar(console, found)
        console.print()
        _print_loudest(console, found)
        if len(found.examples):
            console.print()
        _print_examples(console, found, zone)
    if len(found.thresholds):
        console.print()
        _print_thresholds(console, found)
    cost = found.cost
    speed = cost.acts / cost.seconds if cost.seconds else 0.0
    size = f", {cost.state_bytes / 2**20:.1f} MiB of state" if cost.state_bytes else ""
    console.print()
    console.print(
        _dim(
            f"cost: {_counted(cost.acts, 'act')} read, {cost.looked_at:,} looked at, "
            f"{cost.seconds:.2f} s ({speed:,.0f} acts/s){size}"
        )
    )


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _window(found: "Backtest", zone: ZoneInfo) -> Text:
    last = found.until - timedelta(microseconds=1)
    text = f"{_moment(found.since, zone)} to {_moment(last, zone)} ({zone.key})"
    learned = _number(round(float(str(found.summary()["learned_days"]))))
    if found.family == "rule":
        return _dim(text)
    if learned < 1:
        text += "; the lake begins there, so habits are missing at first"
    else:
        text += f"; learned from {_counted(learned, 'day')} before"
    return _dim(text)


def _against(found: "Backtest") -> Text:
    line = Text(f"against {found.against}: ")
    if not (found.count("added") or found.count("gone")):
        line.append("the same findings", style="bold")
    else:
        line.append(f"{found.count('added'):,} added", style="bold green")
        line.append(", ")
        line.append(f"{found.count('gone'):,} gone", style="bold red")
        line.append(f", {found.count('same'):,} the same")
    for change in found.changes:
        line.append(f"\n  {change.field}: ", style="dim")
        line.append(f"{safe(change.before) or 'none'} → {safe(change.now) or 'none'}")
    return line


def _cases(found: "Backtest") -> Text:
    held = len(found.cases)
    if not held:
        return Text("none of them would have stood in a case")
    made = _number(found.summary()["cases_made"])
    text = f"they would have stood in {_counted(held, 'case')}"
    if made:
        text += f", {made:,} of which would not be there without them"
    if found.dropped:
        text += f"; {_counted(found.dropped, 'other case')} would have given way"
    return Text(text)


def _print_calendar(console: Console, found: "Backtest") -> None:
    """A row a week, a column a weekday: what comes every Monday is seen at once."""
    cells: dict[date, str] = {}
    for row in found.days.to_dicts():
        cell = f"{row['findings']}" if row["findings"] else "."
        cell += f" +{row['added']}" if row["added"] else ""
        cell += f" -{row['gone']}" if row["gone"] else ""
        cells[row["day"]] = cell
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("week of", style="dim", no_wrap=True)
    for name in WEEK:
        table.add_column(name, justify="right", no_wrap=True)
    first, last = min(cells), max(cells)
    monday = first - timedelta(days=first.weekday())
    while monday <= last:
        week = [monday + timedelta(days=n) for n in range(7)]
        if len(cells) <= 100 or any(cells.get(day, ".") != "." for day in week):
            table.add_row(f"{monday:%-d %b %Y}", *(cells.get(day, "") for day in week))
        monday += timedelta(days=7)
    console.print(table)


def _print_thresholds(console: Console, found: "Backtest") -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("min_bits", "findings", "a day", "entities", "days"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in found.thresholds.to_dicts():
        a_day = row["findings"] / max(1, found.days.height)
        table.add_row(
            f"{row['min_bits']:g}", f"{row['findings']:,}", f"{a_day:.3g}",
            f"{row['entities']:,}", f"{row['days']:,}",
        )  # fmt: skip
    console.print(table)


def _print_loudest(console: Console, found: "Backtest") -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("loudest", overflow="fold")
    columns = ["findings", "days", "most bits", *(["added", "gone"] if found.against else [])]
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    for row in found.entities.head(LOUDEST).to_dicts():
        figures = [f"{row['findings']:,}", f"{row['days']:,}", f"{row['bits']:.1f}"]
        changed = [f"{row['added']:,}", f"{row['gone']:,}"] if found.against else []
        table.add_row(Text(safe(row["entity"])), *figures, *changed)
    console.print(table)
    if len(found.entities) > LOUDEST:
        console.print(_dim(f"… and {len(found.entities) - LOUDEST:,} more"))


def _print_examples(console: Console, found: "Backtest", zone: ZoneInfo) -> None:
    for row in found.examples.to_dicts():
        style = {"added": "green", "gone": "red"}.get(row["change"], "")
        line = Text(f"{MARKS[row['change']]} " if found.against else "• ", style=style)
        told = row["sentence"] or f"{row['entity']} {row['value'] or ''}".strip()
        line.append(safe(told))
        line.append(
            f"\n  {_moment(row['time'], zone)} · {safe(row['entity'])} · {row['bits']:.1f} bits · "
            f"event {row['event_ids'][0]}",
            style="dim",
        )
        console.print(line)
