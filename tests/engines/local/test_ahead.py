import threading

import pytest

from wheeltapper.engines.local.ahead import ahead


def test_items_come_as_they_are_none_among_them():
    assert list(ahead(iter([3, None, 1]))) == [3, None, 1]
    assert list(ahead(iter([]))) == []


def test_the_next_item_is_made_while_this_one_is_used():
    asked = threading.Event()

    def items():
        yield 1
        asked.set()
        yield 2

    for item in ahead(items()):
        assert item == 2 or asked.wait(timeout=60)


def test_an_error_comes_where_its_item_would():
    def items():
        yield 1
        raise ValueError("no more")

    got = ahead(items())
    assert next(got) == 1
    with pytest.raises(ValueError, match="no more"):
        next(got)


def test_leaving_early_leaves_no_thread_behind():
    before = threading.active_count()
    got = ahead(iter(range(100)))
    assert next(got) == 0
    got.close()
    assert threading.active_count() == before
