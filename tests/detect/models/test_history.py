from test_features import day

from wheeltapper.detect.models.features import FEATURES, measure
from wheeltapper.detect.models.history import DAYS_KEPT, FORGET_DAYS, empty, learn


def lived(numbers, history=None):
    history = history or empty(list(FEATURES))
    for number in numbers:
        today = day(number, {"action": f"a{number}", "country": "NL"})
        history = learn(history, number, today, measure(today, history))
    return history


def test_so_many_days_are_kept():
    history = lived(range(DAYS_KEPT + 5))
    assert history.days["day"].to_list() == list(range(5, DAYS_KEPT + 5))


def test_values_unseen_for_long_are_forgotten():
    history = lived([0, 1, FORGET_DAYS])
    values = history.known.filter(history.known["kind"] == "action")["value"].to_list()
    assert values == ["a1", f"a{FORGET_DAYS}"]
    assert history.days["day"].to_list() == [1, FORGET_DAYS]


def test_hours_count_days():
    assert lived(range(3)).hours.select("hour", "days").rows() == [(9, 3)]


def test_learning_leaves_the_past_as_it_was():
    before = lived([0])
    frame = before.known.clone()
    lived([1], before)
    assert before.known.equals(frame)
