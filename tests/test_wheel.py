"""What is shipped: a user who installs the wheel has everything, and needs no Node and no git."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STATIC = ROOT / "src" / "wheeltapper" / "server" / "static"

pytestmark = pytest.mark.slow

USE = """
import sys
from pathlib import Path
import wheeltapper as wt
from wheeltapper import server
from wheeltapper.enrich import Enricher

unpacked, work = map(Path, sys.argv[1:])
assert Path(wt.__file__).is_relative_to(unpacked), wt.__file__
ws = wt.init(work)
judges = ws.judges()
assert ws.sources().named("aws_cloudtrail")
assert judges.detectors and judges.rules.rules and not judges.rules.unsupported
assert ws.cases() == []  # the casebook has been migrated
assert ws.vocabulary()
Enricher(ws.config.enrich, root=ws.root, timezone="UTC")
assert (Path(server.__file__).parent / "static" / "index.html").is_file()
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Folder with the sdist, and the wheel built from it."""
    if not (STATIC / "index.html").is_file():
        pytest.skip("the page is not built: make ui")
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder],
        cwd=ROOT,
        check=True,
        timeout=120,
    )
    (sdist,) = folder.glob("*.tar.gz")
    shutil.unpack_archive(sdist, folder, filter="data")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=folder / sdist.name.removesuffix(".tar.gz"),
        check=True,
        timeout=120,
    )
    return folder


@pytest.fixture(scope="module")
def wheel(built):
    (path,) = built.glob("*.whl")
    return path


def test_every_file_of_the_package_is_in_the_wheel(wheel):
    package = ROOT / "src"
    there = {
        str(path.relative_to(package))
        for path in (package / "wheeltapper").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    shipped = set(zipfile.ZipFile(wheel).namelist())
    assert there - shipped == set()
    assert {name for name in shipped if ".dist-info/" not in name} - there == set()
    for needed in (
        "wheeltapper/py.typed",
        "wheeltapper/wheeltapper.toml",
        "wheeltapper/detect/catalogue/git.toml",
        "wheeltapper/detect/rules/builtin/windows_log_cleared.yml",
        "wheeltapper/enrich/data/country.mmdb",
        "wheeltapper/ingest/sources/aws_cloudtrail.toml",
        "wheeltapper/refine/vocabulary/okta.toml",
        "wheeltapper/server/static/index.html",
        "wheeltapper/simulate/attack/SOURCES.md",
        "wheeltapper/store/migrations/versions/0001_cases_and_verdicts.py",
    ):
        assert needed in shipped


def test_licences_travel_along(wheel):
    names = {Path(name).name for name in zipfile.ZipFile(wheel).namelist() if "licenses/" in name}
    assert names == {"LICENSE", "NOTICE"}


def test_the_wheel_works_by_itself(wheel, tmp_path):
    unpacked = tmp_path / "unpacked"
    shutil.unpack_archive(wheel, unpacked, "zip")
    # -P: not the checkout's own source; -I would leave out where the wheel lies.
    done = subprocess.run(
        [sys.executable, "-P", "-c", USE, unpacked, tmp_path / "work"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(unpacked), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
