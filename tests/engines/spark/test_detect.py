"""How accounts are dealt to Spark's tasks; whole jobs are in engines/test_parity.py."""

import pytest

from wheeltapper.engines.local.checkpoint import Manifest
from wheeltapper.engines.spark.detect import _dealt_already
from wheeltapper.errors import WheeltapperError


@pytest.mark.parametrize(("workers", "shards"), [(1, 2), (2, 2), (7, 7)])
def test_one_task_has_two_shards_so_that_another_engine_finds_its_state(workers, shards):
    """A state of one shard is that of one process, which looks for it elsewhere."""
    assert _dealt_already(Manifest(), workers).shards == shards


def test_what_was_dealt_stays_so():
    begun = Manifest(step=3, shards=5, files={"detect-3-actor-0.arrow": "x"})
    assert _dealt_already(begun, 2) == begun
    with pytest.raises(WheeltapperError, match="began with one process"):
        _dealt_already(Manifest(step=3, snapshot="detect-3.arrow"), 2)
