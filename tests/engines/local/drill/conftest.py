"""A workspace to be drilled, with a scenario of its own, and a lake in small."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from village import MONDAY, TAKEOVER, act

from wheeltapper import workspace
from wheeltapper.store.lake import Lake
from wheeltapper.testing import activities


@pytest.fixture(scope="session")
def drilled_office(office, tmp_path_factory):
    """The office with a scenario, after one drill: its snapshot is there."""
    folder = Path(shutil.copytree(office.root, tmp_path_factory.mktemp("drilled") / "work"))
    (folder / "drills").mkdir()
    (folder / "drills" / "takeover.toml").write_text(TAKEOVER, encoding="utf-8")
    ws = workspace.open(folder)
    return ws, ws.drill("takeover", keep=folder.parent / "kept")


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """Three weeks of ana, ben and a service, in a lake."""
    rows = []
    for day in range(21):
        at = {"time": MONDAY + timedelta(days=day)}
        if day % 7 < 5:
            rows += [
                act("ana", at, 9, "edit", target="plan", category="admin"),
                act("ana", at, 10, "read", target="plan", category="data_access"),
                act("ben", at, 11, "read", target=f"note{day}", category="data_access"),
            ]
        rows += [act("sweeper", at, hour, "sweep", actor_type="service") for hour in range(24)]
    lake = Lake(str(tmp_path_factory.mktemp("small") / "lake"))
    lake.append(activities(rows), "all")
    return lake
