"""Labelled PowerShell texts to train on and to measure with: a file of JSON lines, gzip or plain.

A record has `text` and `label` (1 is malicious), and, where known, `source` (the collection it is
from), `group` (texts that are nearly the same share one) and `kind` (`cmd` or `script`).
"""

import gzip
import hashlib
import json
import zlib
from dataclasses import dataclass
from pathlib import Path

from wheeltapper.errors import WheeltapperError


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One text of known kind."""

    text: str
    label: int
    """1 is malicious, 0 is benign."""
    source: str = ""
    group: str = ""
    """Cluster of near-duplicates; its own where none is given (`groups` finds them)."""
    kind: str = ""
    family: str = ""


def read(path: Path) -> list[Record]:
    """All records of a file.

    Raises
    ------
    WheeltapperError   with file and line, where something else than a record stands there
    """
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
        lines = content.decode("utf-8").split("\n")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise WheeltapperError(f"{path}: cannot be read: {error}") from error
    records = [
        _record(line, f"{path}:{number}", number)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    if not records:
        raise WheeltapperError(f"{path}: has no records; each is a JSON line with text and label")
    return records


def _record(line: str, at: str, number: int) -> Record:
    try:
        value = json.loads(line)
        text, label = value["text"], value["label"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise WheeltapperError(f"{at}: no JSON object with text and label ({error})") from error
    if not isinstance(text, str) or label not in (0, 1):
        raise WheeltapperError(f"{at}: text has to be a string and label 0 or 1, got {label!r}")
    group = value.get("group")
    return Record(
        text=text,
        label=int(label),
        source=str(value.get("source") or ""),
        group=f"{number}" if group is None else str(group),
        kind=str(value.get("kind") or ""),
        family=str(value.get("family") or ""),
    )


def digest(path: Path) -> str:
    """SHA-256 of a file, so that a table says what it was measured on."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
