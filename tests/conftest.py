"""What every test may ask for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

import office as office_log
from broker import Broker
from object_store import ObjectStore
from wheeltapper import workspace
from wheeltapper.workspace import Workspace

# A first example pays for Numba compiling: a deadline would fail it.
settings.register_profile("default", deadline=None, derandomize=True, max_examples=40)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

os.environ.pop("TZ", None)  # the zone of whoever runs the tests is not that of the reader

SHARED = Path(__file__).parent.parent.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real public data kept beside the checkout; a test that needs it is skipped without it."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"no real data beside the checkout ({SHARED} is missing)")
    return SHARED


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with a case in it, made once; a test that changes it takes a copy."""
    folder = tmp_path_factory.mktemp("office")
    made = workspace.init(folder / "work")
    made.run(office_log.write(folder / "logs"))
    return made


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A real Apache Kafka; a test that asks for it is in the group `broker`, so that one is enough.

    One that stops it starts it again.
    """
    pytest.importorskip("confluent_kafka", reason="the extra `kafka` is not installed")
    made = Broker(tmp_path_factory.mktemp("broker"))
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def _object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    made = ObjectStore(tmp_path_factory.mktemp("object-store"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def object_store(_object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """A real server of S3's protocol, which this process and those it starts find."""
    for name, value in _object_store.environment.items():
        monkeypatch.setenv(name, value)
    return _object_store


@pytest.fixture
def bucket(object_store: ObjectStore) -> str:
    """The URL of a bucket that nothing is in."""
    return object_store.bucket()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """With a test that fails, what the broker said last."""
    report = yield
    made = getattr(item, "funcargs", {}).get("broker")
    if isinstance(made, Broker) and report.failed:
        report.sections.append(("the broker", made.tail()))
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("broker"):
            item.add_marker(pytest.mark.xdist_group("broker"))
