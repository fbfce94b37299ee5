"""A column as its distinct texts: what is looked up once is handed to every row that has it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Distinct:
    """The texts of a column, each once, and where each row's text stands among them."""

    texts: list[str]
    codes: pa.Int32Array
    """One a row; null where the column is."""

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> "Distinct":
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        array = pa.concat_arrays(column.unify_dictionaries().chunks) if len(column) else None
        if array is None:
            return cls([], pa.array([], pa.int32()))
        return cls(array.dictionary.to_pylist(), array.indices.cast(pa.int32()))

    def spread(self, values: Sequence[object], kind: pa.DataType) -> pa.Array:
        """One value a distinct text to one value a row; a null text has a null value."""
        if not self.texts:
            return pa.nulls(len(self.codes), kind)
        return pa.array(values, kind).take(self.codes)

    def numbers(self, values: Sequence[int], missing: int) -> np.ndarray:
        """The same for whole numbers, as NumPy, with `missing` where the text is null."""
        table = np.append(np.asarray(values, np.int64), missing)
        codes = self.codes.fill_null(len(self.texts)).to_numpy(zero_copy_only=False)
        spread: np.ndarray = table[codes]
        return spread
