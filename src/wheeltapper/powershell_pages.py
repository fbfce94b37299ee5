"""What the commands about PowerShell print: an explanation, and the tables of an evaluation."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from wheeltapper.terminal import safe

if TYPE_CHECKING:
    from wheeltapper.powershell.evaluate import Report, Row
    from wheeltapper.powershell.evasion import Withstood
    from wheeltapper.powershell.explain import Explanation

_SHOWN = 300
_STYLE = {"malicious": "bold red", "suspicious": "yellow", "ordinary": "green"}
_MEASURES = ("auc", "ap", "tpr_at_fpr_1e-2", "tpr_at_fpr_1e-3", "tpr_at_fpr_1e-4")
_WITH_INTERVAL = ("auc", "tpr_at_fpr_1e-2")


def as_dict(found: "Explanation") -> dict[str, Any]:  # JSON
    """An explanation for programs."""
    unwrapped = found.views.unwrapped
    return {
        "verdict": found.verdict,
        "score": round(found.score, 4),
        "layers": [
            {"how": layer.how, "inside": layer.inside, "depth": layer.depth, "text": layer.text}
            for layer in unwrapped.layers
        ],
        "cut": unwrapped.cut,
        "normal_form": found.views.plain,
        "explained": found.text,
        "spans": [
            {"start": s.start, "end": s.end, "text": s.text, "weight": round(s.weight, 4)}
            for s in found.spans
        ],
        "nearest": [
            {"what": near.what, "label": near.label, "likeness": round(near.likeness, 3)}
            for near in found.nearest
        ],
        "attack": [{"id": t.id, "name": t.name, "because": t.because} for t in found.techniques],
    }


def print_explanation(console: Console, found: "Explanation") -> None:
    """An explanation for people: the verdict, what is inside, what it rests on."""
    head = Text(found.verdict, style=_STYLE[found.verdict])
    head.append(f"  score {found.score:.2f}", style="dim")
    console.print(head)
    for layer in found.views.unwrapped.layers:
        console.print(Text(f"\n{layer.how}:", style="bold"))
        console.print(Text("  " * layer.depth + _short(layer.text)), soft_wrap=True)
    if found.views.unwrapped.cut:
        console.print(Text("there may be more inside: a bound was met", style="yellow"))
    console.print(Text("\nwhat the score rests on:", style="bold"))
    for span in found.spans:
        style = "red" if span.weight > 0 else "green"
        line = Text(f"{span.weight:+7.2f}  ", style=style)
        line.append(_short(span.text, 90), style="not bold default")
        console.print(line, soft_wrap=True)
    if found.nearest:
        console.print(Text("\nmost like, of what is known:", style="bold"))
    for near in found.nearest:
        kind = ("benign", "malicious")[near.label]
        console.print(Text(f"{near.likeness:7.0%}  {kind}: {safe(near.what)}"), soft_wrap=True)
    for technique in found.techniques:
        console.print(
            Text(f"{technique.id}  {technique.name} ({safe(technique.because)})", style="dim")
        )


def _short(text: str, most: int = _SHOWN) -> str:
    shown = safe(text[:most])
    return shown if len(text) <= most else f"{shown} … ({len(text):,} characters)"


def _cell(row: "Row", measure: str) -> str:
    value = f"{row.values[measure]:.3f}"
    if measure not in _WITH_INTERVAL or measure not in row.low:
        return value
    return f"{value} [{row.low[measure]:.3f}, {row.high[measure]:.3f}]"


def print_report(console: Console, report: "Report", digest: str) -> None:
    """Every model on every split, then networks against the best traditional model."""
    console.print(
        Text(
            f"data {digest[:12]}…; fpr_1e-2: share found at one false alarm in a hundred; "
            "in brackets the middle 95 % of a bootstrap over clusters"
        )
    )
    for split in dict.fromkeys(row.split for row in report.rows):
        table = Table(title=split, title_justify="left", box=None, padding=(0, 2, 0, 0))
        table.add_column("model", no_wrap=True)
        for measure in _MEASURES:
            table.add_column(measure.removeprefix("tpr_at_"), justify="right", no_wrap=True)
        for row in (r for r in report.rows if r.split == split):
            cells = [_cell(row, measure) for measure in _MEASURES]
            table.add_row(f"{row.model} ({row.seeds})" if row.seeds > 1 else row.model, *cells)
        console.print(table)
    table = _table("one model less another, on the same draws", "split", "model", "less", "measure")
    table.add_column("difference")
    table.add_column("ratio")
    for d in report.differences:
        table.add_row(
            d.split, d.model, d.other, d.measure,
            f"{d.value:+.3f} [{d.low:+.3f}, {d.high:+.3f}]", f"{d.ratio:.2f}",
        )  # fmt: skip
    console.print(table)
    _print_calibration(console, report)
    _print_families(console, report)
    _print_leaks(console, report)
    print_evasion(console, report.evasion)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column)
    return table


def _print_calibration(console: Console, report: "Report") -> None:
    """Said and found, when as many texts are malicious as benign."""
    rows = [row for row in report.rows if row.split == "grouped" and row.reliability]
    if not rows:
        return
    table = _table("calibration in grouped folds, as many of either class", "model", "error")
    table.add_column("said > found, from the lowest tenth up", no_wrap=True)
    for row in rows:
        points = " ".join(f"{said:.2f}>{share:.2f}" for said, share in row.reliability[::3])
        table.add_row(row.model, f"{row.calibration_error:.3f}", points)
    console.print(table)


def _print_families(console: Console, report: "Report") -> None:
    rows = [row for row in report.rows if row.split == "grouped" and row.by_family]
    if not rows:
        return
    table = _table("share found at one false alarm in a hundred, grouped folds", "family", "texts")
    for row in rows:
        table.add_column(row.model, justify="right")
    for name, one in rows[0].by_family.items():
        cells = [f"{row.by_family[name]['tpr_at_fpr_1e-2']:.2f}" for row in rows]
        table.add_row(Text(safe(name)), f"{one['texts']:.0f}", *cells)
    console.print(table)


def _print_leaks(console: Console, report: "Report") -> None:
    table = _table("leak check: one number of format alone", "number")
    for view in report.leaks:
        table.add_column(f"auc {view}", justify="right")
        table.add_column("fpr_1e-2", justify="right")
    for each in zip(*report.leaks.values(), strict=True):
        cells = [cell for leak in each for cell in (f"{leak.auc:.3f}", f"{leak.tpr:.3f}")]
        table.add_row(each[0].what, *cells)
    console.print(table)


def print_evasion(console: Console, found: "Sequence[Withstood]") -> None:
    """What is still found of malicious texts, and what benign ones alarm, written otherwise."""
    if not found:
        return
    models = list(dict.fromkeys(one.model for one in found))
    cells = {(one.trick, one.model): f"{one.found:.2f} / {one.false_alarms:.2f}" for one in found}
    table = _table("written otherwise: found / false alarms", "trick")
    for model in models:
        table.add_column(model, justify="right")
    for trick in dict.fromkeys(one.trick for one in found):
        table.add_row(trick, *(cells[trick, model] for model in models))
    console.print(table)
