"""The job as Flink sees it: numbers of steps, dealt acts, workers with keyed state, one keeper."""

from collections.abc import Iterator
from typing import Any  # Flink's own objects

from pyflink.common import Types, WatermarkStrategy
from pyflink.datastream import KeyedProcessFunction, StreamExecutionEnvironment
from pyflink.datastream.connectors.number_seq import NumberSequenceSource
from pyflink.datastream.state import MapStateDescriptor, ValueStateDescriptor
from pyflink.java_gateway import get_gateway

from wheeltapper.engines.flink.task import Job, Judging, Keeper, Reader, Said

NAME = "wheeltapper detect"
_BYTES = Types.PRIMITIVE_ARRAY(Types.BYTE())
_SAID = Types.TUPLE([Types.INT(), Types.LONG(), Types.STRING(), _BYTES])
_KEYED = Types.TUPLE([Types.INT(), *_SAID.get_field_types()])
KEY_GROUPS = 128


class _Judge(KeyedProcessFunction):  # type: ignore[misc]  # pyflink has no types
    """A worker: its state is the key's."""

    def __init__(self, job: Job) -> None:
        self._judging = Judging(job)

    def open(self, runtime_context: Any) -> None:
        self._state = runtime_context.get_state(ValueStateDescriptor("snapshots", _BYTES))

    def process_element(self, value: Any, ctx: Any) -> Iterator[Said]:
        state = self._state.value()
        after = self._judging.answer(None if state is None else bytes(state), _said(value[1:]))
        if after is not None:
            self._state.update(after[0])
            yield after[1]


class _Keep(KeyedProcessFunction):  # type: ignore[misc]  # pyflink has no types
    """Makes steps true; its state is what waits for the rest of a step."""

    def __init__(self, job: Job) -> None:
        self._keeper = Keeper(job)

    def open(self, runtime_context: Any) -> None:
        self._waiting = _Answers(
            runtime_context.get_map_state(MapStateDescriptor("answers", Types.LONG(), _SAID))
        )

    def process_element(self, value: Any, ctx: Any) -> Iterator[int]:
        step = self._keeper.take(_said(value), self._waiting)
        if step is not None:
            yield step


class _Answers:
    """Flink's map state with our own tuples in it."""

    def __init__(self, state: Any) -> None:
        self._state = state

    def contains(self, key: int) -> bool:
        return bool(self._state.contains(key))

    def get(self, key: int) -> Said:
        return _said(self._state.get(key))

    def put(self, key: int, value: Said) -> None:
        self._state.put(key, value)

    def remove(self, key: int) -> None:
        self._state.remove(key)


def _said(value: Any) -> Said:
    return int(value[0]), int(value[1]), str(value[2]), bytes(value[3])


def build(env: StreamExecutionEnvironment, job: Job) -> None:
    """Put the job into `env`: every operator with an id by which a checkpoint knows it."""
    keys = keys_of(job.workers)
    reader = Reader(job)
    numbers = env.from_source(
        NumberSequenceSource(0, len(job.windows) - 1), WatermarkStrategy.no_watermarks(),
        "steps", Types.LONG(),
    ).set_parallelism(1).uid("steps")  # fmt: skip
    dealt = numbers.flat_map(
        lambda n: ((keys[said[0]], *said) for said in reader.read(int(n))), output_type=_KEYED
    )
    dealt = dealt.set_parallelism(1).name("read and deal").uid("deal")
    judged = dealt.key_by(lambda value: value[0], key_type=Types.INT()).process(
        _Judge(job), output_type=_SAID
    )
    judged = judged.set_parallelism(job.workers).name("judge").uid("judge")
    kept = judged.key_by(lambda _: 0, key_type=Types.INT()).process(
        _Keep(job), output_type=Types.LONG()
    )
    kept.set_parallelism(1).name("keep").uid("keep")


def keys_of(workers: int) -> list[int]:
    """A key for each worker that Flink gives a subtask of its own.

    Workers wait for each other where a day ends: two in one subtask would wait for ever.
    """
    jvm = get_gateway().jvm
    assign = jvm.org.apache.flink.runtime.state.KeyGroupRangeAssignment
    found: dict[int, int] = {}
    key = 0
    while len(found) < workers:
        row = jvm.org.apache.flink.types.Row(1)
        row.setField(0, key)
        found.setdefault(assign.assignKeyToParallelOperator(row, KEY_GROUPS, workers), key)
        key += 1
    return [found[n] for n in range(workers)]
