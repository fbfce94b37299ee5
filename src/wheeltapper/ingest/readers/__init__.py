"""File shapes: each module of this folder that has a `READER` is one."""

import importlib
import pkgutil
from functools import cache

from wheeltapper.ingest.readers.reader import CHUNK_BYTES, CHUNK_RECORDS, Chunk, Input, Limits
from wheeltapper.ingest.readers.reader import Reader as Reader

__all__ = ["CHUNK_BYTES", "CHUNK_RECORDS", "Chunk", "Input", "Limits", "Reader", "readers"]


@cache
def readers() -> tuple[Reader, ...]:
    """Every reader in this folder, in the order in which they are asked."""
    modules = (
        importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)
    )
    found = [m.READER for m in modules if hasattr(m, "READER")]
    return tuple(sorted(found, key=lambda reader: (reader.order, reader.name)))
