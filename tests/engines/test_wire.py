"""What an engine carries comes out as it went in."""

import pyarrow as pa

from wheeltapper.engines.wire import from_bytes, to_bytes


def test_a_table_comes_out_as_it_went_in_compressed_or_not():
    chunks = [pa.array(["a", "b", "a"]).dictionary_encode(), pa.array(["c"]).dictionary_encode()]
    table = pa.table({"actor": pa.chunked_array(chunks), "count": [1, 2, 3, 4]})
    for compression in (None, "lz4"):
        back = from_bytes(to_bytes(table, compression))
        assert back.to_pydict() == table.to_pydict()
    assert from_bytes(to_bytes(table.slice(0, 0))).schema == table.schema
