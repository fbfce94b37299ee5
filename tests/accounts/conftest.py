import pytest

from wheeltapper.accounts import simulation, tables


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Simulated tables; a test that changes them takes a copy."""
    made = tmp_path_factory.mktemp("tables")
    simulation.simulate(made, accounts=400, seed=3)
    return made


@pytest.fixture(scope="session")
def read(folder):
    return tables.read(folder)
