import pytest

from accounts import village
from wheeltapper.accounts import boost, graphfile
from wheeltapper.accounts.evaluate import evaluate


def test_ties_tell_what_own_features_do_not(tmp_path, monkeypatch):
    fit = boost.fit
    monkeypatch.setattr(boost, "fit", lambda *a, **k: fit(*a, **(k | {"trees": 30})))
    done = evaluate(graphfile.read(village.write(tmp_path / "v.npz")), splits=1)
    told = done.to_dict()
    by_step = {row["step"]: row for row in told["steps"]}
    assert list(by_step) == ["own", "neighbours", "structure", "labels"]
    assert by_step["structure"]["auc"] > by_step["own"]["auc"] + 0.1
    assert told["auc"] == by_step[told["ships"]]["auc"]
    assert {"ap", "recall_at_precision_0.9", "tpr_at_fpr_1e-2"} <= told.keys()
    assert told["fraudulent"] == 60


@pytest.mark.slow
def test_real_accounts_are_found_as_well_as_the_documentation_says(shared):
    path = shared / "data" / "accounts" / "tolokers.npz"
    if not path.is_file():
        pytest.skip("tolokers.npz is not here")
    done = evaluate(graphfile.read(path), splits=1, steps=("own", "neighbours", "structure"))
    auc = {step.name: step.figures()["auc"][0] for step in done.steps}
    assert auc["own"] < auc["neighbours"] - 0.05
    assert auc["structure"] > 0.845
