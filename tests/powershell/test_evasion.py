import numpy as np

from powershell_office import BAD, records
from wheeltapper.powershell import evasion
from wheeltapper.powershell.tricks import TRICKS

MADE = records()


def words(pairs):
    """Finds bad words as they are written, and in any case."""
    return np.array([sum(word in raw for word in BAD) for raw, _ in pairs], float)


def lower(pairs):
    return np.array([sum(word.lower() in raw.lower() for word in BAD) for raw, _ in pairs], float)


def test_a_model_of_exact_words_loses_to_case_and_one_of_any_case_does_not():
    found = evasion.withstood({"words": words, "lower": lower}, MADE, ["Get-Date"])
    by = {(one.model, one.trick): one for one in found}
    assert len(found) == 2 * len(TRICKS)
    assert by["words", "as it came"].found == by["lower", "as it came"].found == 1.0
    assert by["words", "case"].found < 0.2
    assert by["lower", "case"].found == 1.0
    assert by["lower", "hexadecimal"].found == 0.0
    assert by["lower", "as it came"].false_alarms == 0.0


def test_the_threshold_lets_so_many_benign_texts_by():
    benign = np.arange(100.0)
    for rate in (0.0, 0.01, 0.1):
        assert (benign >= evasion.threshold(benign, rate)).sum() == 100 * rate
