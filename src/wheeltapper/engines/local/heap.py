"""Memory of a process that goes on for ever: what was used for a pass is handed back after it.

glibc gives threads heaps of their own, up to eight a core, and each keeps what was once its most;
Arrow's usual allocator keeps some, too. A process that follows has fifty threads, which take turns.
"""

import ctypes

import pyarrow as pa

_M_ARENA_MAX = -8
_ARENAS = 2


def share() -> None:
    """Have all threads use two heaps, and Arrow those as well; before there are threads.

    Where the C library is not glibc its heaps are left as they are.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)
