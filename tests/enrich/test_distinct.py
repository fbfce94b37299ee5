import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.enrich.distinct import Distinct

CHUNKS = st.lists(st.lists(st.none() | st.sampled_from(["a", "b", "", "é"])))


@given(CHUNKS, st.booleans())
def test_each_text_once_and_back_in_every_row(chunks, coded):
    column = pa.chunked_array(chunks, pa.string())
    rows = column.to_pylist()
    if coded:
        column = pa.chunked_array(
            [chunk.dictionary_encode() for chunk in column.chunks],
            pa.dictionary(pa.int32(), pa.string()),
        )
    distinct = Distinct.of(column)
    assert sorted(distinct.texts) == sorted({row for row in rows if row is not None})
    upper = distinct.spread([text.upper() or None for text in distinct.texts], pa.string())
    assert upper.to_pylist() == [(row.upper() or None) if row is not None else None for row in rows]
    lengths = distinct.numbers([len(text) for text in distinct.texts], -7)
    assert lengths.tolist() == [-7 if row is None else len(row) for row in rows]
