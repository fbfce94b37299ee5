import json

import pytest
from click.testing import CliRunner

from accounts import village
from wheeltapper import workspace
from wheeltapper.accounts import boost, overtime, simulation, tables
from wheeltapper.cli import main
from wheeltapper.testing import activities, activity


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    fit = boost.fit
    monkeypatch.setattr(boost, "fit", lambda *a, **k: fit(*a, **(k | {"trees": 10})))


def test_evaluate_prints_each_step_and_for_programs_what_ships_first(tmp_path):
    path = village.write(tmp_path / "v.npz")
    ran = CliRunner().invoke(main, ["accounts", "evaluate", "--data", str(path)])
    assert ran.exit_code == 0, ran.output
    assert "neighbours" in ran.output
    assert "300 accounts, 60 fraudulent" in ran.output
    args = ["accounts", "evaluate", "--data", str(path), "--splits", "1", "--format", "json"]
    told = json.loads(CliRunner().invoke(main, args).output)
    assert next(iter(told)) == "auc"
    assert [row["step"] for row in told["steps"]][-1] == told["ships"]


def test_a_file_that_is_none_is_told_without_a_traceback(tmp_path):
    (tmp_path / "v.npz").write_bytes(b"no")
    ran = CliRunner().invoke(main, ["accounts", "evaluate", "--data", str(tmp_path / "v.npz")])
    assert ran.exit_code == 1
    assert "not a graph file" in ran.output


@pytest.mark.slow
def test_tables_are_simulated_and_evaluated(tmp_path, monkeypatch):
    monkeypatch.setattr(overtime, "HALVES", 1)
    made = CliRunner().invoke(
        main, ["accounts", "simulate", str(tmp_path / "t"), "--accounts", "400"]
    )
    assert made.exit_code == 0, made.output
    assert "template" in made.output
    again = CliRunner().invoke(main, ["accounts", "simulate", str(tmp_path / "t")])
    assert "not empty" in again.output
    ran = CliRunner().invoke(main, ["accounts", "evaluate", "--data", str(tmp_path / "t")])
    assert ran.exit_code == 0, ran.output
    assert "simulated accounts" in ran.output
    assert "campaign that was never seen" in ran.output


def test_a_model_is_trained_kept_and_scores_with_reasons(tmp_path):
    data, model = str(tmp_path / "t"), str(tmp_path / "m")
    simulation.simulate(tmp_path / "t", accounts=300, seed=4)
    ran = CliRunner().invoke(main, ["accounts", "train", "--data", data, "--model", model])
    assert ran.exit_code == 0, ran.output
    assert "judged accounts, in " in ran.output
    args = ["accounts", "score", "--data", data, "--model", model, "--top", "10"]
    rows = json.loads(CliRunner().invoke(main, [*args, "--format", "json"]).output)
    fraud = {
        line.split(",")[0]
        for line in (tmp_path / "t" / "labels.csv").read_text().splitlines()
        if line.split(",")[1] == "1"
    }
    assert sum(row["account"] in fraud for row in rows) >= 8
    assert all(row["reasons"] for row in rows)
    rules = tmp_path / "policy.toml"
    rules.write_text(
        "missed = 100.0\nfalse_positive_budget = 0.5\nunattended_removal = false\n"
        "[steps.verify]\nstops = 0.8\nbothers = 0.1\n"
    )
    shown = CliRunner().invoke(main, [*args, "--policy", str(rules)]).output
    assert rows[0]["account"] in shown
    assert "verify" in shown
    mapping = tmp_path / "t" / "accounts.toml"
    mapping.write_text(mapping.read_text().replace('kind = "review"', 'kind = "rating"'))
    ran = CliRunner().invoke(main, args)
    assert ran.exit_code == 1
    assert "train it on tables like these" in ran.output


def test_acts_of_the_lake_are_written_as_tables(tmp_path):
    ws = workspace.init(tmp_path / "work")
    run = CliRunner()
    args = ["-w", str(ws.root), "accounts", "tables", str(tmp_path / "t")]
    empty = run.invoke(main, args)
    assert empty.exit_code == 1
    assert "no acts in the lake" in empty.output
    ws.lake.append(activities([activity(f"person{n}", minutes=n) for n in range(5)]), "five")
    assert json.loads(run.invoke(main, [*args, "--format", "json"]).stdout)["accounts"] == 5
    again = run.invoke(main, args)
    assert "is not empty" in again.output
    assert tables.read(tmp_path / "t").accounts == 5
