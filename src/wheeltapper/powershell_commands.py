"""The commands about PowerShell: `powershell score|show|train|evaluate`."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wheeltapper import powershell_pages as pages
from wheeltapper import terminal
from wheeltapper.command import console, form_option, print_rows, progress_bar, say
from wheeltapper.errors import WheeltapperError

if TYPE_CHECKING:
    from wheeltapper.powershell.trials import Trials

# Rooms are loaded where they are used: help must not wait for ONNX Runtime.

_LONGEST = 4_000_000
_MODELS = ("ensemble", "branches", "cnn", "traditional", "words")
_DATA = click.option(
    "--data", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON lines with text and label; source, group and kind where known. Plain or gzip.",
)  # fmt: skip
_CACHE = click.option(
    "--cache", type=click.Path(file_okay=False, path_type=Path),
    help="Keep scores of finished trainings here, and go on from them.",
)  # fmt: skip
_MODEL = click.option(
    "--model", type=click.Choice(_MODELS), default="ensemble", show_default=True,
    help="The shipped model that judges.",
)  # fmt: skip


@click.group()
def powershell() -> None:
    """Unwrap, judge and explain PowerShell commands; train and measure the models."""


@powershell.command()
@click.argument("commands", nargs=-1)
@click.option(
    "--file", "files", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A script, judged as a whole; may be given several times.",
)  # fmt: skip
@_MODEL
@form_option("table", "json", "ndjson", "csv")
def score(commands: tuple[str, ...], files: tuple[Path, ...], model: str, form: str) -> None:
    """Say how malicious commands look: arguments, files, or one a line on standard input.

    \b
        wheeltapper powershell score "powershell -enc RwBlAHQALQBEAGEAdABlAA=="
        wheeltapper powershell score --file deploy.ps1 --format json
    """
    from wheeltapper.powershell import models
    from wheeltapper.powershell.explain import verdict
    from wheeltapper.powershell.views import view

    named = _named(commands, files)
    judge = models.load(model)
    seen = [view(text) for _, text in named]
    scores = judge.score([(one.raw, one.plain) for one in seen])
    print_rows(
        [
            {
                "verdict": verdict(float(value), judge.card.thresholds, text),
                "score": round(float(value), 3),
                "layers": len(one.unwrapped.layers),
                "command": name,
            }
            for (name, text), one, value in zip(named, seen, scores, strict=True)
        ],
        form,
    )


@powershell.command()
@click.argument("command", required=False)
@click.option(
    "--file", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A script, judged as a whole.",
)  # fmt: skip
@click.option(
    "--image", type=click.Path(dir_okay=False, path_type=Path),
    help="Also draw the command as the network sees it, and where its score comes from: a PNG.",
)  # fmt: skip
@_MODEL
@form_option("table", "json")
def show(command: str | None, file: Path | None, image: Path | None, model: str, form: str) -> None:
    """Explain one command: its layers, what its score rests on, what it is like, ATT&CK techniques.

    \b
        wheeltapper powershell show "powershell -enc RwBlAHQALQBEAGEAdABlAA==" --image seen.png
    """
    from wheeltapper.powershell import models
    from wheeltapper.powershell.explain import explain

    given = _named(() if command is None else (command,), () if file is None else (file,))
    if len(given) != 1:
        raise click.UsageError("name one command, or one --file")
    text = given[0][1]
    judge = models.load(model)
    found = explain(text, judge)
    if image is not None:
        from wheeltapper.powershell.encode import LENGTH, encode
        from wheeltapper.powershell.explain import weights
        from wheeltapper.powershell.picture import draw

        parts = weights(found, judge, LENGTH)
        image.write_bytes(draw([(encode(part), weight) for part, weight in parts]))
        say(f"{image} shows the first {LENGTH} characters")
    if form == "json":
        terminal.print_rows([pages.as_dict(found)], "ndjson")
    else:
        pages.print_explanation(console(), found)


@powershell.command()
@_DATA
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path),
    help="The folder that models and cards are written to.",
)  # fmt: skip
@click.option("--models", "chosen", help="These only: names with commas.")
@_CACHE
def train(data: Path, out: Path, chosen: str | None, cache: Path | None) -> None:
    """Train the models that are shipped, and write them with their cards.

    \b
        wheeltapper powershell train --data powershell.jsonl.gz --out models
    """
    from wheeltapper.powershell.train import train as make

    names = _chosen(chosen, _MODELS[1:], _MODELS[1:])
    trials, digest = _trials(data, cache)
    with progress_bar("training") as bar:
        cards = make(trials, digest, out, names, lambda what: bar(0, 0, what))
    rows: list[dict[str, object]] = [{"model": c.name, **c.figures} for c in cards]
    print_rows(rows, "ndjson")
    say(f"{out}/ holds {len(cards)} models, trained on {len(trials.records):,} texts of {data}")


@powershell.command()
@_DATA
@click.option(
    "--model", type=click.Choice(_MODELS), help="Score with this shipped model; no training."
)
@click.option("--models", "chosen", help="Train and compare these only: names with commas.")
@click.option("--split", "split", help="These splits only: pairs, grouped, random.")
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1, 20))
@click.option(
    "--samples",
    default=200,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="Bootstrap samples for the intervals.",
)
@click.option(
    "--evasion/--no-evasion", default=False,
    help="Also show the models the commands written otherwise: blanks, remarks, padding, wrappers.",
)  # fmt: skip
@_CACHE
@form_option("table", "json")
def evaluate(
    data: Path, model: str | None, chosen: str | None, split: str | None, seeds: int, samples: int,
    evasion: bool, cache: Path | None, form: str,
) -> None:  # fmt: skip
    """Measure models on labelled commands: a shipped one, or all, trained anew fold by fold.

    \b
        wheeltapper powershell evaluate --data commands.jsonl --model ensemble --format json
        wheeltapper powershell evaluate --data powershell.jsonl.gz --cache scores --evasion
    """
    if model is not None:
        _evaluate_shipped(data, model, form, evasion)
        return
    from wheeltapper.powershell import splits as known
    from wheeltapper.powershell import trials as every
    from wheeltapper.powershell.evaluate import DEFAULT, ENSEMBLES
    from wheeltapper.powershell.evaluate import evaluate as measure

    usual = DEFAULT
    if not every.networks_can_be_trained():
        usual = tuple(m for m in DEFAULT if not {*ENSEMBLES.get(m, (m,))} & {*every.NETS})
        if chosen is None:
            say("networks are left out: PyTorch is not installed; pip install 'wheeltapper[net]'")
    models = _chosen(chosen, (*every.MODELS, *ENSEMBLES), usual)
    splits = _chosen(split, known.SPLITS, known.SPLITS)
    trials, digest = _trials(data, cache)
    with progress_bar("training") as bar:
        report = measure(
            trials, models, splits, range(1, seeds + 1), samples,
            lambda what: bar(0, 0, what), evasion,
        )  # fmt: skip
    if form == "json":
        terminal.print_rows([{"data_sha256": digest, **report.to_dict()}], "ndjson")
    else:
        pages.print_report(console(), report, digest)


def _evaluate_shipped(data: Path, model: str, form: str, evade: bool) -> None:
    import numpy as np

    from wheeltapper.powershell import evasion, metrics, models, records
    from wheeltapper.powershell.evaluate import by_family
    from wheeltapper.powershell.views import view

    found = records.read(data)
    label = np.array([r.label for r in found])
    if label.min() == label.max():
        raise WheeltapperError(f"{data}: all labels are {label[0]}; both kinds are needed")
    judge = models.load(model)
    scores, tricked = [], list[evasion.Withstood]()
    with progress_bar("scoring") as bar:
        for at in range(0, len(found), 512):
            seen = [view(r.text) for r in found[at : at + 512]]
            scores.append(judge.score([(one.raw, one.plain) for one in seen]))
            bar(at, len(found), f"{at:,} texts")
        if evade:
            benign = [r.text for r in found if not r.label]
            tricked = evasion.withstood(
                {model: judge.score}, found, benign, lambda trick: bar(0, 0, trick)
            )
    score, ones = np.concatenate(scores), np.ones(len(label))
    values = metrics.measures(score, label, ones)
    row: dict[str, object] = {"model": model, "texts": len(found), "malicious": int(label.sum())}
    row |= {key: round(value, 6) for key, value in values.items()}
    parts = max(1, len(judge.card.parts))
    error = metrics.calibration_error(score / parts, label, metrics.even(label, ones))
    row["calibration_error"] = round(error, 6)
    if form == "json":
        row["by_family"] = by_family([r.family or r.source for r in found], score, label)
        row["evasion"] = [asdict(one) for one in tricked]
        terminal.print_rows([row], "ndjson")
    else:
        print_rows([{"what": key, "value": value} for key, value in row.items()], form)
        pages.print_evasion(console(), tricked)


def _trials(data: Path, cache: Path | None) -> "tuple[Trials, str]":
    from wheeltapper.powershell import records
    from wheeltapper.powershell.groups import grouped
    from wheeltapper.powershell.trials import Trials

    digest = records.digest(data)
    return Trials(grouped(records.read(data)), digest, cache), digest


def _chosen(named: str | None, there: tuple[str, ...], usual: tuple[str, ...]) -> list[str]:
    names = list(usual) if named is None else [name.strip() for name in named.split(",")]
    for name in names:
        if name not in there:
            raise click.UsageError(f"{name!r} is not known; there are: {', '.join(there)}")
    return names


def _named(commands: tuple[str, ...], files: tuple[Path, ...]) -> list[tuple[str, str]]:
    """What to show of each command, and its text."""
    named = [(text, text) for text in commands]
    named += [(str(path), _read(path.read_bytes()[:_LONGEST])) for path in files]
    if not named:
        if sys.stdin.isatty():
            raise click.UsageError("name a command, a --file, or give one a line on standard input")
        lines = _read(sys.stdin.buffer.read(_LONGEST)).splitlines()
        named = [(line, line) for line in lines if line.strip()]
    return named


def _read(data: bytes) -> str:
    """Text of a script: PowerShell's own editors write UTF-16 or UTF-8."""
    if data[:2] == b"\xff\xfe":
        return data.decode("utf-16", "replace")
    return data.decode("utf-8-sig", "replace")
