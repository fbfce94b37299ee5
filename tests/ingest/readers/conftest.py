"""Readers, tried on bytes."""

import pytest

from wheeltapper.ingest.readers import Input, Limits, readers
from wheeltapper.ingest.readers.stream import Stream


@pytest.fixture
def input_of(tmp_path):
    """Call it with bytes; gives the input that a reader gets."""

    def made(data: bytes, name: str = "log", **limits: float) -> Input:
        path = tmp_path / name
        path.write_bytes(data)
        bounds = Limits(**limits)
        stream = Stream(path, max_bytes=bounds.max_file_bytes, max_ratio=bounds.max_ratio)
        opened.append(stream)
        return Input(path, bounds, stream)

    opened: list[Stream] = []
    yield made
    for stream in opened:
        stream.close()


@pytest.fixture
def taken(input_of):
    """Call it with bytes; gives the reader that claims them, records with their place, rejects."""

    def take(data: bytes, **limits: float):
        input = input_of(data, **limits)
        reader = next((reader for reader in readers() if reader.claims(input)), None)
        if reader is None:
            return None, [], []
        chunks = list(reader.read(input))
        records = [(line, raw) for c in chunks for line, raw in zip(c.lines, c.raw, strict=True)]
        return reader.name, records, [(r.line, r.reason) for c in chunks for r in c.rejects]

    return take
