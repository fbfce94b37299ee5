"""An entry's own tests: what fails them, and what is said of it."""

import shutil
from pathlib import Path

import pytest

import office as office_log
from wheeltapper import workspace
from wheeltapper.errors import WheeltapperError

ENTRY = """\
[share.folder]
family = "novelty"
about = "A folder of the share that the person hardly ever opens"
filter = "app = 'Files' and outcome = 'success'"
entity = "actor"
value = "split_part(target, '/', 2)"
unit = "day"
says = "opened the folder {value}"
settings = { min_bits = 4 }

[[share.folder.test]]
it = "speaks of sales in the payroll folder"
every = { app = "Files", actor = "ana" }
usual = [{ target = "/sales/plan" }, { actor = ["eva", "finn"], target = "/payroll/may" }]
then = { target = "/payroll/may" }
fires = ["ana"]
"""
RECORDS = """
[okta.acting]
family = "novelty"
about = "An act in Okta that the person hardly ever does"
filter = "source = 'okta'"
entity = "actor"
value = "action"
unit = "day"
says = "{did}"
settings = { min_bits = 7 }

[[okta.acting.test]]
it = "speaks of the account in other hands"
records = ["okta.ndjson"]
since = 2026-02-12T00:00:00Z
fires = ["mallory\\u001b[31m\\u202e<b>\\n=cmd"]
"""


@pytest.fixture
def ws(tmp_path):
    ws = workspace.init(tmp_path / "work")
    (ws.root / "detectors").mkdir()
    return ws


def tried(ws, text=ENTRY, *chosen):
    (ws.root / "detectors" / "mine.toml").write_text(text)
    return ws.try_detectors(*(chosen or [str(ws.root / "detectors" / "mine.toml")]))


def result(ws, old="", new=""):
    assert ENTRY.count(old) == 1 or not old
    (one,) = tried(ws, ENTRY.replace(old, new) if old else ENTRY).results
    return one


def test_what_is_as_expected_passes(ws):
    one = result(ws)
    assert (one.passed, one.detector, one.it) == (
        True, "share.folder", "speaks of sales in the payroll folder",
    )  # fmt: skip
    assert (one.expected, one.happened) == ("it speaks of ana", "")


def test_somebody_it_should_not_speak_of(ws):
    one = result(ws, 'fires = ["ana"]', "fires = []")
    assert not one.passed
    assert one.expected == "it speaks of nobody"
    assert one.happened.startswith("it spoke of ana (Wed 18 Feb 09:00, ")
    assert one.happened.endswith(" bits, payroll)")


@pytest.mark.parametrize(
    ("old", "new", "happened"),
    [
        ("'Files' and", "'Flies' and",
         "it was silent about ana: its filter let none of their acts through"),
        ("min_bits = 4", "min_bits = 20", "bits, less than min_bits = 20"),
        ('then = { target = "/payroll/may" }', 'then = { target = "/sales/plan" }',
         "it was silent about ana: nothing odd was seen"),
        ('fires = ["ana"]', 'fires = ["ana", "zoe"]',
         "it was silent about zoe: its filter let none of their acts through"),
    ],
)  # fmt: skip
def test_why_it_was_silent(ws, old, new, happened):
    one = result(ws, old, new)
    assert not one.passed
    assert happened in one.happened


@pytest.mark.slow
def test_an_entry_that_speaks_of_what_is_usual_fails(ws):
    """Every act is a value of its own: new each day, and told each day."""
    loud = ENTRY.replace("split_part(target, '/', 2)", "time::varchar").replace(
        "min_bits = 4", "min_bits = 0, min_llr = -100"
    )
    (one,) = tried(ws, loud).results
    assert not one.passed
    assert "it spoke of what is usual, too: " in one.happened
    assert "more times" in one.happened


def test_native_records_are_read_as_ingest_reads_them(ws):
    office_log.write(ws.root / "detectors")
    records = ws.root / "detectors" / "okta.ndjson"
    lines = [t for t in records.read_text().splitlines() if t.endswith("}")]
    records.write_text("\n".join(lines))
    (one,) = tried(ws, RECORDS).results
    assert one.passed, one.happened
    silent = RECORDS.replace("min_bits = 7", "min_bits = 30")
    (one,) = tried(ws, silent).results
    assert "bits, less than min_bits = 30" in one.happened


def test_records_that_are_not_there_or_cannot_be_read(ws):
    with pytest.raises(WheeltapperError, match=r"mine\.toml:2: okta\.acting\.test: there is no"):
        tried(ws, RECORDS)
    office_log.write(ws.root / "detectors")  # its fourth line is none
    with pytest.raises(WheeltapperError, match=r"okta\.ndjson:4: "):
        tried(ws, RECORDS)


def test_everything_packaged_is_valid(ws):
    done = ws.try_detectors()
    assert done.passed
    assert len(done.detectors) > 30
    assert done.mistakes == done.results == ()


@pytest.mark.slow
def test_everything_is_the_packaged_and_ones_own(ws):
    done = tried(
        ws, ENTRY + "\n[my.broken]\nfamily = 'tea'\n[my.other]\nabout = 3\n", "share.folder"
    )
    assert [d.name for d in done.detectors] == ["share.folder"]
    assert done.passed
    everything = ws.try_detectors()
    assert not everything.passed
    assert len(everything.mistakes) == 2
    assert "share.folder" in {d.name for d in everything.detectors}
    assert [r.detector for r in everything.results] == ["share.folder"]
    (mistake,) = ws.try_detectors("my.broken").mistakes
    assert "my.broken" in mistake


def test_a_file_need_not_lie_in_the_workspace(ws, tmp_path):
    draft = tmp_path / "draft.toml"
    draft.write_text(ENTRY)
    assert [d.name for d in ws.try_detectors(draft).detectors] == ["share.folder"]
    both = ws.try_detectors(draft, "any.country").detectors
    assert {d.name for d in both} == {"share.folder", "any.country"}


def test_what_is_not_there(ws, tmp_path):
    with pytest.raises(WheeltapperError, match=r"no detector any\.contry; did you mean any\.count"):
        ws.try_detectors("any.contry")
    (mistake,) = ws.try_detectors(tmp_path / "nowhere.toml").mistakes
    assert "nowhere.toml: cannot be read" in mistake


def test_nothing_is_written(ws):
    before = {p: p.read_bytes() for p in Path(ws.root).rglob("*") if p.is_file()}
    tried(ws)
    shutil.rmtree(ws.root / "detectors")
    assert {p: p.read_bytes() for p in Path(ws.root).rglob("*") if p.is_file()} == before
