"""Routing: the owners file and the directory of a workspace, brought together."""

from pathlib import Path

from wheeltapper.config import OWNERS, Config
from wheeltapper.enrich.directory import Directory
from wheeltapper.refine import owners_file
from wheeltapper.refine.route import Routing


def routing(root: Path, settings: Config) -> Routing:
    """All that decides whom a case goes to.

    Raises
    ------
    ConfigError   for an owners file or a directory that cannot be used.
    """
    name, listed = settings.refine.owners, settings.enrich.directory
    people = Directory.load(root / listed) if listed else Directory({})
    return Routing(
        owners=owners_file.load(root / name, must=name != OWNERS),
        listed=people.find,
        timezone=settings.timezone,
    )
