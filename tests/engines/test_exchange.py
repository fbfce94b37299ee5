"""What workers saw of a day reaches all of them, and nobody waits for ever."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from wheeltapper.detect.peers import SUM
from wheeltapper.engines.exchange import Exchange, from_bytes, to_bytes
from wheeltapper.errors import WheeltapperError


def sums(*keys: int) -> np.ndarray:
    rows = np.zeros(len(keys), SUM)
    rows["key"], rows["weight"] = keys, 1.5
    return rows


def test_sums_survive_the_way():
    (name, rows), *more = from_bytes(to_bytes({"any.country": sums(3, 5)})).items()
    assert (name, more) == ("any.country", [])
    assert (rows == sums(3, 5)).all()
    assert from_bytes(to_bytes({})) == {}


def test_all_hear_the_same_in_the_same_order(tmp_path):
    def told(worker: int) -> list[list[int]]:
        exchange = Exchange(folder=tmp_path, worker=worker, workers=3)
        heard = [exchange.swap(day, {"d": sums(day * 10 + worker)}) for day in (7, 8)]
        return [[int(one["d"]["key"][0]) for one in day] for day in heard]

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(told, range(3))) == [[[70, 71, 72], [80, 81, 82]]] * 3


def test_one_worker_needs_no_folder(tmp_path):
    saw = {"d": sums(1)}
    exchange = Exchange(folder=tmp_path / "none", worker=0, workers=1)
    assert exchange.swap(1, saw) == [saw]


@pytest.mark.parametrize("how", [{"patience_s": 0.01}, {"alive": lambda: False}])
def test_who_waits_in_vain_says_for_whom(tmp_path, how):
    exchange = Exchange(folder=tmp_path, worker=0, workers=2, **how)
    with pytest.raises(WheeltapperError, match="worker 1 of 2 has not told"):
        exchange.swap(1, {})
