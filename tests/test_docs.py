"""What the docs say is what the program does."""

import re
from pathlib import Path

import pytest

from wheeltapper import activity
from wheeltapper.detect import catalogue

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def test_the_files_that_architecture_names_exist():
    named = re.findall(r"`((?:src|ui)/[\w/.]+)`", (DOCS / "architecture.md").read_text())
    assert len(named) > 15
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", [*sorted(p.name for p in DOCS.rglob("*.md")), "README.md"])
def test_links_lead_somewhere(page):
    path = ROOT / page if page == "README.md" else next(DOCS.rglob(page))
    links = re.findall(r"\]\((?!http)([^)#]+)\)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_reference_pages_list_what_there_is():
    columns = (DOCS / "reference" / "activity.md").read_text()
    assert [f.name for f in activity.FIELDS if f"| `{f.name}` | {f.type} |" not in columns] == []
    detectors = (DOCS / "reference" / "detectors.md").read_text()
    assert [
        d.name for d in catalogue.load() if f"| `{d.name}` | {d.family} |" not in detectors
    ] == []


def test_settings_page_names_every_setting():
    template = (ROOT / "src" / "wheeltapper" / "wheeltapper.toml").read_text()
    page = (DOCS / "reference" / "settings.md").read_text()
    for name in re.findall(r"^# (\w+) = ", template, re.MULTILINE):
        assert f"`{name}`" in page, f"docs/reference/settings.md does not name {name}"
