"""Tables: the TOML files under data/ that say what this organisation consists of."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


# Any: rows of differing shape; each reader takes out and converts what it knows.
@cache
def table(name: str) -> dict[str, Any]:
    text = files("wheeltapper.simulate").joinpath("data", f"{name}.toml").read_text("utf-8")
    return tomllib.loads(text)
