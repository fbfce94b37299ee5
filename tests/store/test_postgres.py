"""The casebook on a real PostgreSQL server, started for the test and thrown away after it."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
import sqlalchemy as sa
from casebook_contract import CasebookContract
from referral_contract import ReferralContract

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


def binaries():
    """Folder with initdb and pg_ctl, the newest that the system has."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    if on_path:
        return Path(on_path).parent
    pytest.skip("no PostgreSQL server here; on Debian: apt-get install postgresql")


def as_anyone_but_root(command, folder):
    """PostgreSQL refuses root: there its own system account runs it."""
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
    return subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True, timeout=60
    )


@pytest.fixture(scope="session")
def server():
    """URL prefix of a server that listens on this machine only."""
    pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    tools = binaries()
    # Not below pytest's own folder: each run of pytest closes that one to other accounts.
    with tempfile.TemporaryDirectory(prefix="wheeltapper-postgres-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        yield from serve(tools, folder)


def serve(tools, folder):
    data = folder / "data"
    as_anyone_but_root(
        [tools / "initdb", "-D", data, "-U", "tapper", "--auth=trust", "-E", "UTF8", "-N"], folder
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # A zone of its own, so that nothing passes by the server being in UTC.
    options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off -c timezone=Asia/Kathmandu"
    as_anyone_but_root(
        [tools / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start"], folder
    )
    yield f"postgresql+psycopg://tapper@127.0.0.1:{port}"
    as_anyone_but_root([tools / "pg_ctl", "-D", data, "-m", "immediate", "stop"], folder)


class TestPostgresql(CasebookContract, ReferralContract):
    @pytest.fixture
    def url(self, server):
        engine = sa.create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text("drop database if exists book with (force)"))
            connection.execute(sa.text("create database book"))
        engine.dispose()
        return f"{server}/book"
