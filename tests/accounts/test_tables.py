import shutil

import numpy as np
import pytest

from wheeltapper.accounts import tables
from wheeltapper.errors import WheeltapperError


def test_a_folder_is_read_in_order_of_time(read):
    assert read.simulated
    assert read.kinds == ("message", "payment", "review")
    assert read.things == ("address", "device", "card")
    assert (np.diff(read.acts.time) >= 0).all()
    assert (np.diff(read.shared.time) >= 0).all()
    assert set(np.unique(read.fraud)) == {0, 1}
    assert (read.known[read.fraud == 1] > 0).all()
    assert read.profile.names == ("photos", "profile_words")


def test_rows_of_unknown_accounts_are_counted_and_left_out(folder, tmp_path, read):
    shutil.copytree(folder, tmp_path / "t")
    with (tmp_path / "t" / "reviews.csv").open("a") as file:
        file.write("nobody,nobody,2026-02-01T00:00:00.000000+0000,words\n")
    again = tables.read(tmp_path / "t")
    assert again.left_out == read.left_out + 1
    assert len(again.acts.time) == len(read.acts.time)


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('"signed_up"', '"photos_"', "no column 'photos_'"),
        ('fraud = "fraud"', 'fraud = "campaign"', "not a number"),
        ('numbers = ["photos", "profile_words"]', 'numbers = "photos"', "list of columns"),
        ("reviews.csv", "reviews.xls", r"write \.csv, \.parquet or \.ndjson"),
        ("messages.parquet", "labels.csv", "no column 'sender'"),
    ],
)
def test_what_does_not_fit_is_named(folder, tmp_path, was, becomes, said):
    shutil.copytree(folder, tmp_path / "t")
    mapping = tmp_path / "t" / "accounts.toml"
    mapping.write_text(mapping.read_text().replace(was, becomes))
    with pytest.raises(WheeltapperError, match=said):
        tables.read(tmp_path / "t")
