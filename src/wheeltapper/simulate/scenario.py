"""Scenario: what is put into the background on purpose, described by a file under scenarios/.

There are two kinds: a splice puts real records of an attack under an employee's identity, a play is
written act by act and performed. Neither changes a record of the background: whoever is attacked
goes on with their day.
"""

from importlib.resources import files

import msgspec

from wheeltapper.errors import WheeltapperError
from wheeltapper.simulate.cast import Stage
from wheeltapper.simulate.journal import Journal
from wheeltapper.simulate.performance import stage
from wheeltapper.simulate.play import Play
from wheeltapper.simulate.splice import Splice, put_in
from wheeltapper.simulate.truth import Truth

Scenario = Splice | Play


def read(text: str, where: str) -> Scenario:
    """One scenario from the text of its file.

    Raises
    ------
    WheeltapperError   for TOML that cannot be read, an unknown name, a wrong type.
    """
    try:
        values = msgspec.toml.decode(text)
        if "records" in values:
            return msgspec.convert(values, Splice)
        return msgspec.convert(values, Play)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise WheeltapperError(f"{where}: not a scenario: {error}") from error


def scenarios() -> dict[str, Scenario]:
    """All that come with the package, by name, in order of name."""
    folder = files("wheeltapper.simulate").joinpath("scenarios")
    found = (
        read(entry.read_text("utf-8"), entry.name)
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    )
    return {s.name: s for s in sorted(found, key=lambda s: s.name)}


def usual() -> list[Scenario]:
    """Those that are put in where nothing is said."""
    return [s for s in scenarios().values() if isinstance(s, Splice) or not s.only_when_asked]


def chosen(names: tuple[str, ...]) -> list[Scenario]:
    """Those of these names.

    Raises
    ------
    WheeltapperError   if there is none of a name.
    """
    known = scenarios()
    for name in names:
        if name not in known:
            raise WheeltapperError(f"there is no scenario {name}; there are: {', '.join(known)}")
    return [known[name] for name in known if name in names]


def perform(scenario: Scenario, on: Stage, journal: Journal) -> Truth:
    """Put a scenario into the journal: all of it or, where it does not fit, nothing.

    Raises
    ------
    WheeltapperError   if the organisation is too small or the story too short for it.
    """
    if isinstance(scenario, Splice):
        return put_in(scenario, on.lives, on.calendar, journal)
    return stage(scenario, on, journal)
