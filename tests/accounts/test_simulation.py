import polars as pl

from wheeltapper.accounts import simulation


def test_the_same_seed_writes_the_same_and_says_that_it_is_simulated(tmp_path):
    counts = simulation.simulate(tmp_path / "a", accounts=300, seed=5)
    assert counts == simulation.simulate(tmp_path / "b", accounts=300, seed=5)
    assert set(counts) == {"honest", *simulation.KINDS}
    assert all(counts.values())
    for path in (tmp_path / "a").iterdir():
        if path.suffix == ".parquet":
            assert pl.read_parquet(path).equals(pl.read_parquet(tmp_path / "b" / path.name))
        else:
            assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    assert "Nothing here is of real people" in (tmp_path / "a" / "SIMULATED").read_text()


def test_labels_name_each_account_once_and_the_order_tells_nothing(tmp_path):
    simulation.simulate(tmp_path, accounts=300, seed=2)
    labels = pl.read_csv(tmp_path / "labels.csv")
    assert labels["user"].is_unique().all()
    fraud = labels.with_row_index().filter(pl.col("fraud") == 1)["index"]
    assert 0.3 < fraud.mean() / len(labels) < 0.7
    assert labels.filter(pl.col("fraud") == 1)["known"].null_count() == 0
