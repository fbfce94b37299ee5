import pkgutil

import pytest

from wheeltapper.ingest import readers as folder
from wheeltapper.ingest.readers import Input, Limits, readers


def test_every_module_with_a_reader_is_found():
    modules = {module.name for module in pkgutil.iter_modules(folder.__path__)}
    found = readers()
    assert {"json_text", "csv_text", "plain_text", "evtx", "git"} <= modules
    assert {"json", "csv", "text", "evtx", "git"} <= {reader.name for reader in found}
    assert [r.order for r in found] == sorted(r.order for r in found)
    assert found[-1].name == "text"


def test_a_folder_has_no_bytes(tmp_path):
    input = Input(tmp_path, Limits(), None)
    assert (input.head, input.name) == (b"", str(tmp_path))
    with pytest.raises(ValueError, match="is a directory"):
        input.bytes()
    assert not any(reader.claims(input) for reader in readers())
