import errno

import duckdb
import pytest
from deltalake.exceptions import DeltaError

from wheeltapper.errors import WheeltapperError, disk_is_full


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        DeltaError("Generic LocalFileSystem error: No space left on device (os error 28)"),
        duckdb.IOException("IO Error: Could not write file: No space left on device"),
        RuntimeError("(sqlite3.OperationalError) database or disk is full"),
    ],
)
def test_a_full_disk_is_known_whoever_tells_of_it(error):
    assert disk_is_full(error)
    outer = WheeltapperError("the step failed")
    outer.__cause__ = error
    assert disk_is_full(outer)


def test_other_errors_are_not_taken_for_it():
    assert not disk_is_full(OSError(errno.EACCES, "Permission denied"))
    assert not disk_is_full(ValueError("28"))
