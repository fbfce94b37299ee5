"""Finds unusual user activity in an organisation's logs, and explains it.

>>> import wheeltapper as wt
>>> ws = wt.open("dir")        # doctest: +SKIP
>>> ws.run("logs/")            # doctest: +SKIP
>>> ws.cases()                 # doctest: +SKIP
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wheeltapper.case import Case
    from wheeltapper.errors import ConfigError, WheeltapperError
    from wheeltapper.finding import Finding
    from wheeltapper.workspace import Summary, Workspace, init, open

__all__ = [
    "Case",
    "ConfigError",
    "Finding",
    "Summary",
    "WheeltapperError",
    "Workspace",
    "init",
    "open",
]

_HOME = {
    "Case": "case",
    "ConfigError": "errors",
    "Finding": "finding",
    "Summary": "workspace",
    "WheeltapperError": "errors",
    "Workspace": "workspace",
    "init": "workspace",
    "open": "workspace",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used: one room does not pay for all others."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
