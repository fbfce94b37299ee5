"""Ahead: the next item is worked out by a thread of its own while this one is used.

Reading and preparing take as long as judging, and both let go of the interpreter. One item waits
at most, so memory holds two.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items in the same order; what `items` raises is raised in its place."""
    nothing = object()
    with ThreadPoolExecutor(1) as worker:
        coming = worker.submit(next, items, nothing)
        while (item := coming.result()) is not nothing:
            coming = worker.submit(next, items, nothing)
            yield item  # type: ignore[misc]  # all but `nothing` is a T
