import json

import pytest
from click.testing import CliRunner

from wheeltapper.accounts import boost, simulation
from wheeltapper.cli import main

POLICY = (
    "missed = 100.0\nfalse_positive_budget = 0.5\nunattended_removal = false\n"
    "[steps.hold]\nstops = 1.0\nbothers = 5.0\n"
)


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    fit = boost.fit
    monkeypatch.setattr(boost, "fit", lambda *a, **k: fit(*a, **(k | {"trees": 10})))


def ran(folder, *args, code=0):
    done = CliRunner().invoke(main, ["-w", str(folder), *map(str, args)])
    assert done.exit_code == code, done.output
    return done


def told(folder, *args):
    return json.loads(ran(folder, *args, "--format", "json").stdout)


def test_from_a_scoring_to_answers_figures_and_learning(tmp_path):
    ws, tables, model = tmp_path / "ws", tmp_path / "tables", tmp_path / "model"
    simulation.simulate(tables, accounts=300, seed=4)
    labels = tables / "labels.csv"
    head, *rows = labels.read_text().splitlines()
    labels.write_text("\n".join([head, *rows[::3]]) + "\n")
    truth = {row.split(",")[0]: row.split(",")[1] == "1" for row in rows}
    rules = tmp_path / "policy.toml"
    rules.write_text(POLICY)
    ran(ws, "init", ws)
    ran(ws, "accounts", "train", "--data", tables, "--model", model)
    score = ("accounts", "score", "--data", tables, "--model", model, "--policy", rules, "--queue")
    assert "accounts wait for people" in ran(ws, *score).output
    assert " 0 new decisions" in ran(ws, *score).output
    listed = told(ws, "review", "list", "--limit", "12")
    assert len(listed) == 12
    assert "wait for people" in ran(ws, "review", "list").output
    for n, one in enumerate(listed):
        said = "fraud" if truth[one["account"]] else "honest"
        for by in (f"r{n}", f"s{n}"):
            found = told(ws, "review", "answer", one["account"], said, "--by", by)
        assert found["state"] == "decided"
    removed = next(r for r in told(ws, "review", "decisions") if r["step"] == "remove")
    assert "remove" in ran(ws, "review", "decisions").output
    assert told(ws, "review", "appeal", removed["account"], "--words", "no")["state"] == "appealed"
    refused = ran(ws, "review", "verified", removed["account"], "passed", code=1)
    assert "was not asked to verify itself" in refused.output
    assert "set data in [accounts]" in ran(ws, "review", "retrain", code=1).output
    assert "set webhook" in ran(ws, "review", "deliver", code=1).output
    settings = ws / "wheeltapper.toml"
    text = settings.read_text().replace('# data = ""', f'data = "{tables}"')
    settings.write_text(text.replace('# model = "models/accounts"', f'model = "{model}"'))
    learned = told(ws, "review", "retrain")
    assert learned["settled"] >= 9
    assert "settled by reviewers" in ran(ws, "review", "retrain").output
    figures = told(ws, "review", "stats")
    assert figures["training"]["settled"] == learned["settled"]
    shown = ran(ws, "review", "stats").output
    assert "prevalence: " in shown
    assert "not delivered" in shown
