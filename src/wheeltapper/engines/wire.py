"""Tables as bytes, which an engine carries without looking into them."""

import pyarrow as pa


def to_bytes(table: pa.Table, compression: str | None = None) -> bytes:
    """As an Arrow stream; dictionaries may differ from chunk to chunk."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def from_bytes(data: bytes) -> pa.Table:
    return pa.ipc.open_stream(data).read_all()
