"""docs/add-a-detector.md does what it says, from an empty folder."""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from wheeltapper.cli import main
from wheeltapper.detect import entry
from wheeltapper.detect.family import families

PAGE = (Path(__file__).parent.parent / "docs" / "add-a-detector.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"((?:<!-- [^\n]* -->\n)*)```(console|toml|text)\n(.*?)```", re.DOTALL)


def blocks() -> Iterator[tuple[list[str], str, str]]:
    """Marks, kind and text of each block of the page."""
    for marks, kind, text in BLOCK.findall(PAGE):
        yield re.findall(r"<!-- (.*?) -->", marks), kind, text


def write(work: Path, mark: str, text: str) -> None:
    name, _, how = mark.removeprefix("file: ").partition(" from ")
    if how:
        source, _, change = how.partition(": ")
        old, _, new = change.partition(" -> ")
        text = (work / source).read_text(encoding="utf-8")
        assert text.count(old) == 1, mark
        text = text.replace(old, new)
    (work / name).parent.mkdir(exist_ok=True)
    (work / name).write_text(text, encoding="utf-8")


def run(line: str) -> tuple[int, str]:
    words = shlex.split(line)
    if words[0] == "cp":
        shutil.copy(*words[1:])
        return 0, ""
    assert words[0] == "wheeltapper"
    result = CliRunner().invoke(main, words[1:])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


@pytest.mark.slow
def test_the_page_can_be_followed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said, ran, compared = "", 0, 0
    for marks, kind, text in blocks():
        for mark in marks:
            if mark.startswith("file: "):
                write(tmp_path / "work", mark, text)
        if kind == "console":
            for line in text.splitlines():
                code, said = run(line.removeprefix("$ "))
                assert code == ("fails" in marks), f"{line}\n{said}"
                ran += 1
        elif "says" in marks:
            assert said == text
            compared += 1
        elif "like" in marks:
            assert said.splitlines()[0] == text.splitlines()[0]
            compared += 1
    assert (ran, compared) == (11, 4)
    assert "buckets.first" in said  # the page of the detector, at the end
    assert "split_part" in said


def test_the_draft_of_the_page_compares_buckets_alone():
    changes = [m for marks, _, _ in blocks() for m in marks if "split_part" in m]
    assert changes == [
        'file: draft.toml from detectors/buckets.toml: value = "target" -> '
        "value = \"split_part(target, '/', 1)\""
    ]


def test_it_names_every_field_and_family():
    for name in (*entry.TEXTS, "attack", "weight", "settings"):
        assert f"| `{name}` |" in PAGE
    for name in families():
        assert f"`{name}` (" in PAGE
