import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.detect.models.commands import Commands, Forms, Judged, Seen
from wheeltapper.errors import WheeltapperError
from wheeltapper.testing import activities, activity

SECRET = b"k" * 16


def judge(texts):
    """Ten bits for what says "mischief", none for the rest; form is the text in small letters."""
    return [
        Judged(
            form=text.lower(),
            bits=10.0 if "mischief" in text.lower() else 0.0,
            score=3.0,
            attack=("T1059.001",),
            evidence={"title": "PowerShell that looks malicious"},
        )
        for text in texts
    ]


def run(line, actor="ana", **columns):
    columns = {"app": "Sysmon", "process": "powershell.exe", "peer_group": "it"} | columns
    return activity(actor, command_line=line, **columns)


def found(rows, commands=None):
    commands = commands or Commands(judge, SECRET)
    _, findings = commands.process(commands.start(), activities(rows))
    return findings.to_pylist()


def test_what_is_malicious_and_new_is_told_with_its_whole_voice():
    (one,) = found([run("Invoke-Mischief")])
    assert one["detector"] == "model.powershell"
    assert (one["entity"], one["bits"], one["baseline_n"]) == ("ana", 10.0, 0)
    assert one["attack"] == ["T1059.001"]
    assert json.loads(one["evidence"])["title"] == "PowerShell that looks malicious"
    assert len(one["event_ids"]) == 1


@pytest.mark.parametrize(
    "row",
    [
        run("Get-Date"),
        run(None),
        run("Invoke-Mischief", actor=None),
        run("Invoke-Mischief", process="bash"),
    ],
)
def test_what_is_no_malicious_powershell_is_not_told(row):
    assert found([row]) == []


@pytest.mark.parametrize(
    "columns",
    [
        {"app": "PowerShell", "process": None},
        {"process": "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\POWERSHELL.EXE"},
        {"process": "cmd.exe", "command_line": "cmd /c pwsh -c Invoke-Mischief"},
    ],
)
def test_powershell_is_known_wherever_it_shows(columns):
    assert len(found([{**run("Invoke-Mischief"), **columns}])) == 1


def test_once_a_day_and_less_each_day_whatever_the_case():
    rows = [run("Invoke-Mischief", days=d, minutes=m) for d in range(30) for m in (0, 5)]
    rows += [run("INVOKE-mischief", days=30)]
    bits = [one["bits"] for one in found(rows)]
    assert bits[0] == 10.0
    assert bits == sorted(bits, reverse=True)
    assert len(bits) < 20  # then it is what ana does


def test_what_peers_run_daily_weighs_less_and_strangers_do_not_count():
    habit = [run("Invoke-Mischief", actor=f"kim{d % 5}", days=d) for d in range(10)]
    (mine,) = [f for f in found([*habit, run("Invoke-Mischief", days=10)]) if f["entity"] == "ana"]
    stranger = run("Invoke-Mischief", days=10, peer_group="sales")
    (alone,) = [f for f in found([*habit, stranger]) if f["entity"] == "ana"]
    assert mine["bits"] == pytest.approx(10 - 3.459, abs=0.01)
    assert alone["bits"] == 10.0


LINES = st.sampled_from(["Invoke-Mischief 1", "invoke-mischief 1", "Invoke-Mischief 2", "Get-Date"])
ROWS = st.lists(
    st.builds(
        run, LINES, actor=st.sampled_from("ab"), peer_group=st.sampled_from(["x", None]),
        days=st.integers(0, 5), minutes=st.integers(0, 3),
    ),
    max_size=25,
)  # fmt: skip


@given(ROWS, st.integers(0, 25), st.integers(1, 6))
def test_batches_do_not_matter_and_the_state_can_be_saved_between(rows, cut, capacity):
    commands = Commands(judge, SECRET, capacity)
    events = activities(rows)
    whole, at_once = commands.process(commands.start(), events)
    state, first = commands.process(commands.start(), events[:cut])
    state = Forms.from_bytes(state.to_bytes())
    state, second = commands.process(state, events[cut:])
    assert pa.concat_tables([first, second]).to_pylist() == at_once.to_pylist()
    assert state.to_bytes() == whole.to_bytes()


def test_memory_is_bounded_and_the_longest_not_seen_goes_first():
    commands = Commands(judge, SECRET, capacity=10)
    rows = [run(f"Get-Thing {n}", days=n // 4) for n in range(200)]
    state, _ = commands.process(commands.start(), activities(rows))
    assert len(state.seen) <= 10 + 8  # and what came since the day began
    assert min(seen.last for seen in state.seen.values()) > state.day - 5


def test_state_of_something_else_is_refused():
    other = pa.BufferOutputStream()
    with pa.ipc.new_stream(other, pa.schema([("x", pa.int64())])):
        pass
    for content in (b"", b"nope", bytes(other.getvalue())):
        with pytest.raises(WheeltapperError, match="detect again from the beginning"):
            Forms.from_bytes(content)
    assert Forms.from_bytes(Forms({b"k": Seen(2, 9)}, 9).to_bytes()) == Forms({b"k": Seen(2, 9)}, 9)
