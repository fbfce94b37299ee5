"""What `ingest` hands on: Activities of one source, and what could not become one."""

from dataclasses import dataclass

import pyarrow as pa

RAW_KEPT_BYTES = 1 << 20
"""So much of a rejected record is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A record, or a whole file, that did not become an Activity."""

    file: str
    line: int
    """Line, or number of the record in a document, from 1; 0 for the file as a whole."""
    reason: str
    """What is wrong and, where something can be done, what."""
    raw: str = ""
    """The record as it came, at most 1 MiB of it; bytes that are no text as `\\xff`."""
    truncated: bool = False
    """There was more of it."""


def reject(file: str, line: int, reason: str, raw: bytes, whole: int | None = None) -> Reject:
    """A Reject that keeps the beginning of `raw`; `whole` is its length where more was read."""
    return Reject(
        file=file,
        line=line,
        reason=reason,
        raw=raw[:RAW_KEPT_BYTES].decode("utf-8", "backslashreplace"),
        truncated=(len(raw) if whole is None else whole) > RAW_KEPT_BYTES,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Activities of one source, as many as are committed at once."""

    activities: pa.Table
    """`NATIVE_SCHEMA`, in the order of the files."""
    rejects: list[Reject]
    batch_id: str
    """Hash of its event ids in order: the same records give the same id."""
    files: tuple[str, ...]
    """Files that it holds something of."""
    source: str
    """Log kind; empty where nothing but rejects is held."""
    records: int
    """Native records that were read for it, with those rejected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far reading is, for a progress bar."""

    file: str
    files_done: int
    files: int
    bytes_done: int
    """Of the files as they lie on disk."""
    bytes: int
    records: int
