"""`drill` as somebody types it, and docs/drill.md as somebody follows it."""

import json
import re
import shutil
from pathlib import Path

import msgspec
import pytest

from test_cli import call
from wheeltapper import workspace
from wheeltapper.engines.local.drill.past import LIKE, PROFILE
from wheeltapper.engines.local.drill.scenario import Scenario, Step

PAGE = (Path(__file__).parent.parent / "docs" / "drill.md").read_text(encoding="utf-8")
FILE = re.compile(r"<!-- file: (\S+) -->\n```toml\n(.*?)```", re.DOTALL)
RUN = re.compile(r"<!-- run -->\n```console\n\$ wheeltapper (.*?)\n```")


@pytest.fixture(scope="module")
def work(office, tmp_path_factory):
    """The office, with the page's scenario."""
    folder = Path(shutil.copytree(office.root, tmp_path_factory.mktemp("drill") / "work"))
    for name, text in FILE.findall(PAGE):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_the_page_can_be_followed(work):
    (line,) = RUN.findall(PAGE)
    told = call(*line.split(), folder=work).stdout
    assert told.startswith("1 of 1 found within 10 cases a day: 100% (95 %: 21% to 100%)\n")
    assert re.search(r"^planted into \d+ Feb to \d+ Feb 2026; [\d.]+ other cases a day", told, re.M)
    assert re.search(r"^night-visitor +yes +\d+ +1 +(at once|\d+ min) +any\.", told, re.M)
    assert "An account is used at four in the morning" in told
    assert "  the case says: " in told


def test_the_page_names_every_field_and_column():
    fields = [f.encode_name for kind in (Step, Scenario) for f in msgspec.structs.fields(kind)]
    named = [*fields, *PROFILE.names, *(column.name for column in LIKE)]
    assert [n for n in named if not re.search(rf"`{n}`|^{n} = |\.{n}\]|\[{n}", PAGE, re.M)] == []


def test_for_programs(work, tmp_path):
    asked = ("drill", "--scenario", "night-visitor", "--repeat", "2", "--keep", tmp_path / "kept")
    done = call(*asked, "--format", "json", folder=work)
    told = json.loads(done.stdout)
    assert (told["planted"], told["found"], told["recall"]) == (2, 2, 1.0)
    assert len({one["actor"] for one in told["scenarios"]}) == 2
    assert f"wheeltapper -w {tmp_path / 'kept'} serve" in done.stderr
    case = told["scenarios"][0]["case"]
    assert json.loads(call("show", case, "--format", "json", folder=tmp_path / "kept").stdout)
    rows = call("drill", "--scenario", "night-visitor", "--format", "ndjson", folder=work).stdout
    assert [json.loads(row)["scenario"] for row in rows.splitlines()] == ["night-visitor"]


def test_mistakes_are_told(work, tmp_path):
    assert "did you mean night-visitor" in call(
        "drill", "--scenario", "nigt-visitor", folder=work, code=1
    ).stderr  # fmt: skip
    told = call("drill", "--scenario", "insider-export", folder=work, code=1).stderr
    assert "no scenario fits this lake" in told
    assert "insider-export: nobody in the lake fits who.insider" in told
    call("drill", "--days", "0", folder=work, code=2)
    broken = shutil.copytree(work, tmp_path / "broken") / "drills" / "night-visitor.toml"
    broken.write_text(broken.read_text().replace("times = 6", "tims = 6"))
    told = call("drill", folder=broken.parent.parent, code=1).stderr
    assert f"{broken}:10: step#1.tims: is no field; did you mean times?" in told


def test_in_python(work):
    done = workspace.open(work).drill("night-visitor")
    assert done.frame.select("scenario", "found").rows() == [("night-visitor", True)]
