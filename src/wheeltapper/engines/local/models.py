"""All models of a workspace as one judge: run side by side, saved together."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from wheeltapper import finding
from wheeltapper.detect.models.commands import Commands, Forms
from wheeltapper.detect.models.state import State
from wheeltapper.detect.models.userday import UserDay

States = Mapping[str, State | Forms]
"""State of each model by its name."""


class Models:
    """The models that judge."""

    def __init__(self, models: Sequence[UserDay | Commands]) -> None:
        self.models = tuple(models)

    @property
    def names(self) -> list[str]:
        return [model.card.name for model in self.models]

    def start(self) -> States:
        return {model.card.name: model.start() for model in self.models}

    def process(self, states: States, events: pa.Table) -> tuple[States, pa.Table]:
        """`process` of each model in turn."""
        moved: dict[str, State | Forms] = {}
        found = [finding.SCHEMA.empty_table()]
        for model in self.models:
            state = states[model.card.name]
            # A state is of its own model's kind: `start` and `from_bytes` see to that.
            moved[model.card.name], findings = model.process(state, events)  # type: ignore[arg-type]  # a state of its own kind
            found.append(findings)
        return moved, pa.concat_tables(found)

    def to_bytes(self, states: States) -> bytes:
        table = pa.table(
            {
                "name": pa.array(list(states), pa.string()),
                "data": pa.array([s.to_bytes() for s in states.values()], pa.large_binary()),
            }
        )
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return bytes(sink.getvalue())

    def from_bytes(self, data: bytes) -> States:
        """The states that were saved; a model that has none starts anew.

        Raises
        ------
        ValueError   if the bytes are no saved states.
        """
        try:
            rows = pa.ipc.open_stream(data).read_all().to_pylist()
        except pa.ArrowInvalid as error:
            raise ValueError(f"not saved states of models: {error}") from error
        saved: dict[str, bytes] = {row["name"]: row["data"] for row in rows}
        states: dict[str, State | Forms] = {}
        for model in self.models:
            state, kept = model.start(), saved.get(model.card.name)
            states[model.card.name] = state if kept is None else type(state).from_bytes(kept)
        return states
