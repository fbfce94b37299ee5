import dataclasses

import numpy as np
import pytest

from wheeltapper.accounts import boost, overtime
from wheeltapper.errors import WheeltapperError


def test_nobody_is_trained_on_and_judged_and_later_fraud_counts_as_honest_at_the_cut(read):
    one = overtime.cut(read)
    for half in range(overtime.HALVES):
        trained, judged = overtime.deal(one, half)
        assert not (trained & judged).any()
        assert (one.here | ~trained).all()
        assert not (one.before & judged).any()
        assert (one.fraud & judged).any()
        assert (trained & one.fraud & ~one.before).any()


@pytest.mark.slow
def test_campaigns_are_found_that_were_not_known_at_the_cut(read, monkeypatch):
    fit = boost.fit
    monkeypatch.setattr(boost, "fit", lambda *a, **k: fit(*a, **(k | {"trees": 20})))
    monkeypatch.setattr(overtime, "HALVES", 1)
    done = overtime.evaluate(read)
    assert done.simulated
    auc = {step.name: step.figures()["auc"][0] for step in done.steps}
    assert auc["structure"] > 0.7
    assert {"ring", "card"} <= done.unseen.keys()
    assert done.to_dict()["unseen_campaign"]["ring"].keys() >= {"auc", "ap"}


def test_without_times_of_labels_there_is_no_cut(read):
    with pytest.raises(WheeltapperError, match="0 after it; 10 of each"):
        overtime.cut(dataclasses.replace(read, known=np.zeros_like(read.known)))
