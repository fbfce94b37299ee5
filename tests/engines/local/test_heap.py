"""In processes of their own, as what is settled there is settled for ever."""

import subprocess
import sys

import pytest

TWENTY_THREADS = """
import re, threading
from pathlib import Path
import pyarrow as pa
from wheeltapper.engines.local import heap

if {shared}:
    heap.share()
kept, done = [], threading.Event()

def hold():
    kept.append(bytearray(50_000))
    done.wait()

for _ in range(20):
    threading.Thread(target=hold).start()
# A thread's heap is a mapping of 64 MiB, most of which is only reserved.
maps = Path("/proc/self/maps").read_text()
reserved = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) ---p 0+ 00:00 0", maps, re.MULTILINE)
sizes = [int(end, 16) - int(start, 16) >> 20 for start, end in reserved]
print(pa.default_memory_pool().backend_name, sum(60 <= size < 64 for size in sizes))
done.set()
"""


def heaps_of_threads(*, shared):
    command = [sys.executable, "-c", TWENTY_THREADS.format(shared=shared)]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    pool, heaps = said.stdout.split()
    return pool, int(heaps)


@pytest.mark.skipif(sys.platform != "linux", reason="heaps of glibc")
def test_threads_share_two_heaps_and_arrow_uses_them():
    assert heaps_of_threads(shared=False)[1] > 5
    pool, heaps = heaps_of_threads(shared=True)
    assert pool == "system"
    assert heaps <= 1  # the other is the process's own
