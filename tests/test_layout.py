"""The rules of the house that a reviewer would forget."""

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest

import wheeltapper

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "wheeltapper"
TESTS = ROOT / "tests"
MODULES = sorted(p for p in SOURCE.rglob("*.py") if "static" not in p.parts)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

NOUNS = {"activity", "case", "config", "errors", "finding", "question", "referral", "suppression"}
MAY_IMPORT = {  # nouns always; a room or root module that is not named here, itself only
    "engines": {
        "accounts",
        "detect",
        "engines",
        "enrich",
        "ingest",
        "notify",
        "powershell",
        "refine",
        "review",
        "store",
    },
    "server": {"detect", "engines", "refine", "review", "server", "store"},
    "workspace": {"detect", "engines", "enrich", "ingest", "refine", "store"},
    "account_commands": {"accounts", "command", "engines", "terminal", "workspace"},
    "review_commands": {"command", "engines", "review", "terminal", "workspace"},
    "doctor": {"engines", "workspace"},
    "command": {"terminal", "workspace"},
    "logs": {"terminal"},
    "run_commands": {"command", "engines", "ingest", "logs", "server", "terminal", "workspace"},
    "detector_pages": {"engines", "terminal"},
    "drill_commands": {"command", "engines", "terminal", "workspace"},
    "detector_commands": {"command", "detector_pages", "engines", "terminal", "workspace"},
    "suppression_commands": {"command", "refine", "terminal", "workspace"},
    "question_commands": {"command", "review", "terminal", "workspace"},
    "powershell_pages": {"powershell", "terminal"},
    "powershell_commands": {"command", "powershell", "powershell_pages", "terminal"},
    "owner_commands": {"command", "refine", "terminal", "workspace"},
    "cli": {
        "account_commands",
        "command",
        "detector_commands",
        "doctor",
        "drill_commands",
        "engines",
        "ingest",
        "owner_commands",
        "powershell_commands",
        "question_commands",
        "review_commands",
        "run_commands",
        "server",
        "simulate",
        "suppression_commands",
        "terminal",
        "workspace",
    },
    "__init__": {"workspace"},
}

TESTED_ELSEWHERE = {  # source: where, and why there
    "command.py": ("test_cli.py", "what all commands share, seen in each"),
    "detect/entry.py": ("detect/test_catalogue.py", "each mistake, in a file"),
    "detect/hint.py": ("detect/test_catalogue.py", "what is said of each mistake"),
    "detector_pages.py": ("test_detector_commands.py", "what the commands print"),
    "engines/local/replay.py": ("engines/local/test_backtest.py", "beside live detection"),
    "engines/local/suppressing.py": ("test_suppression_commands.py", "drafts and previews"),
    "engines/flink/detect.py": ("engines/test_parity.py", "a whole job on Flink"),
    "engines/flink/graph.py": ("engines/test_parity.py", "a whole job on Flink"),
    "engines/flink/topics.py": ("engines/flink/test_stream.py", "a whole stream on Flink"),
    "engines/local/alone.py": ("engines/local/test_detect.py", "whom detection has by itself"),
    "engines/local/steps.py": ("engines/local/test_detect.py", "each step all or nothing"),
    "engines/local/asking.py": ("test_question_commands.py", "what is asked, kept and sent"),
    "engines/local/routing.py": ("test_owner_commands.py", "the files, as commands read them"),
    "engines/local/telling.py": ("engines/local/test_backtest.py", "examples in words"),
    "engines/local/versions.py": ("engines/local/test_backtest.py", "what is compared with what"),
    "engines/local/teach.py": (
        "engines/local/test_detect.py",
        "seen in what detection says afterwards",
    ),
    "powershell_pages.py": ("test_powershell_commands.py", "what the commands print"),
    "powershell/layer.py": ("powershell/test_unwrap.py", "what unwrapping gives"),
    "refine/feedback.py": ("refine/test_refine.py", "what was said, as it changes cases"),
    "server/answers.py": ("server/test_app.py", "shapes of answers, seen where they are given"),
    "server/review_answers.py": ("server/test_review.py", "shapes of answers, seen where given"),
    "engines/local/reviewed.py": ("engines/local/test_reviewing.py", "figures of a whole round"),
    "engines/local/relearning.py": ("engines/local/test_reviewing.py", "a whole round"),
    "engines/local/delivering.py": ("notify/test_webhook.py", "to a receiver that listens"),
    "server/view.py": ("server/test_app.py", "opens what every test of the server asks"),
    "server/asking.py": ("server/test_confirm.py", "asked on the page, answered on another"),
    "referral.py": ("store/test_casebook.py", "kept and read; its id in accounts/test_policy.py"),
    "store/referrals.py": ("store/test_casebook.py", "part of what every casebook has to do"),
    "store/questions.py": ("store/test_casebook.py", "part of what every casebook has to do"),
    "simulate/happenings.py": ("simulate/test_simulation.py", "seen in the logs it leaves"),
    "simulate/journal.py": ("simulate/test_simulation.py", "seen in the logs it becomes"),
    "simulate/life.py": ("simulate/test_simulation.py", "seen in the logs it leaves"),
    "simulate/machines.py": ("simulate/test_simulation.py", "seen in the logs they write"),
    "simulate/places.py": ("simulate/test_simulation.py", "seen in the addresses of the logs"),
    "simulate/sources.py": ("simulate/test_simulation.py", "the text beside the logs"),
    "simulate/overheard.py": ("simulate/test_performance.py", "a session that is stolen there"),
    "simulate/tables.py": (
        "simulate/test_simulation.py",
        "reads the data that is used there",
    ),
    "simulate/truth.py": ("simulate/test_scenario.py", "lines as scenarios leave them"),
    "store/migrations/env.py": ("store/test_database.py", "run by opening a casebook"),
    "store/migrations/versions/0003_questions.py": (
        "store/test_database.py",
        "run by opening a casebook",
    ),
    "store/migrations/versions/0005_referrals.py": (
        "store/test_database.py",
        "run by opening a casebook",
    ),
    "store/migrations/versions/0004_lineage.py": (
        "store/test_database.py",
        "run by opening a casebook",
    ),
    "store/migrations/versions/0001_cases_and_verdicts.py": (
        "store/test_database.py",
        "run by opening a casebook",
    ),
    "store/migrations/versions/0002_suppressions.py": (
        "store/test_database.py",
        "run by opening a casebook",
    ),
}
TOLD = "refine/test_telling.py"  # each family has a kept sentence, of which that test makes sure
WITHOUT_A_SOURCE = {  # test: what it is about
    "browser/test_hiding.py": "suppressions in Chromium",
    "browser/test_newcomer.py": "the page in Chromium",
    "browser/test_reviewing.py": "accounts under review in Chromium",
    "detect/rules/test_builtin.py": "the packaged rules",
    "detect/rules/test_sigmahq.py": "SigmaHQ's rules and the records they come with",
    "detect/test_evasion.py": "those who know how they are watched",
    "detect/test_packaged.py": "the packaged catalogue",
    "detect/test_rhythms.py": "the packaged catalogue through weeks, zones and summer time",
    "engines/test_parity.py": "one detection on all engines",
    "engines/test_flink_killed.py": "whole runs on Flink, killed",
    "engines/spark/test_kill.py": "whole runs and streams on Spark, killed",
    "engines/test_kill.py": "whole runs, killed",
    "engines/test_faults.py": "damage, updates and clocks that jump",
    "engines/test_backfill.py": "old logs while a process follows",
    "engines/test_full_disk.py": "every command on a disk that is full",
    "engines/test_object_store.py": "the main job with its lake in an object store",
    "ingest/test_add_a_log_source.py": "the example in docs/add-a-log-source.md",
    "ingest/test_bad_input.py": "every reader on what is broken",
    "refine/test_words_golden.py": "what the vocabularies say about real acts",
    "refine/test_every_phrase.py": "every act that is known, in words that read well",
    "store/test_lake_on_s3.py": "the lake in an object store",
    "store/test_postgres.py": "the casebook on another database",
    "test_real_broker.py": "the broker that other tests run",
    "test_add_a_detector.py": "the example in docs/add-a-detector.md",
    "test_docs.py": "what the documentation says",
    "test_late.py": "acts out of order and late, from logs to findings",
    "test_layout.py": "this file",
    "test_feedback.py": "the benchmark of learning from verdicts",
    "test_masquerade.py": "the benchmark of somebody else at the keyboard",
    "test_planted.py": "the benchmark of planted attacks",
    "test_wheel.py": "what is shipped",
    "test_whole_path.py": "from logs to cases",
}

RUNNERS = {"eval", "exec", "compile"}
UNPICKLERS = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}


def name_of(path):
    return str(path.relative_to(SOURCE))


@cache
def nodes(path):
    return list(ast.walk(ast.parse(path.read_text())))


def imports(path):
    """Full dotted names that a file imports, wherever in it."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (f"{module}.{alias.name}" for alias in node.names)


def tracked():
    """Files under version control, and those about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_finds_the_source():
    assert len(MODULES) > 100  # else the checks below pass by checking nothing
    assert len(tracked()) > 200


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_run_one_way(path):
    room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    allowed = NOUNS | MAY_IMPORT.get(room, {room})
    for name in imports(path):
        assert not name.startswith("."), f"{name}: ours are imported by their whole name"
        package, target, *_ = [*name.split("."), ""]
        ours = (SOURCE / target).is_dir() or (SOURCE / f"{target}.py").is_file()
        if package == "wheeltapper" and target and ours:
            assert target in allowed, f"{room} must not import {name}"


def test_tests_mirror_sources():
    sources = {name_of(path) for path in MODULES if path.name != "__init__.py"}
    mirrored = {
        str(path.relative_to(TESTS).with_name(path.name.removeprefix("test_"))): path
        for path in TESTS.rglob("test_*.py")
    }
    told = {name for name in sources if name.startswith("refine/families/")}
    without_test = sources - set(mirrored) - set(TESTED_ELSEWHERE) - told
    assert TOLD in {str(path.relative_to(TESTS)) for path in mirrored.values()}
    assert not without_test, "write a test file, or say where it is tested, and why"
    tests = {
        str(path.relative_to(TESTS))
        for name, path in mirrored.items()
        # Mappings are data: tests of theirs are named after their log kind.
        if name not in sources and not name.startswith("ingest/sources/")
    }
    assert not tests - set(WITHOUT_A_SOURCE), "name it after its source, or say what it is about"
    assert not set(TESTED_ELSEWHERE) & set(mirrored), "these have their own test file now"
    assert not set(TESTED_ELSEWHERE) - sources, "these are gone"
    assert not set(WITHOUT_A_SOURCE) - tests, "these are gone, or have a source now"
    for source, (where, _) in TESTED_ELSEWHERE.items():
        assert (TESTS / where).exists(), f"{source} is said to be tested in {where}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_file_is_one_idea(path):
    assert path.read_text().count("\n") <= 500, "look for the seam"
    assert path.stem not in {"utils", "helpers", "common", "manager", "misc"}, "name the thing"


def test_public_names_are_sorted_and_there():
    assert wheeltapper.__all__ == sorted(wheeltapper.__all__)
    assert set(wheeltapper.__all__) == set(wheeltapper._HOME)
    for name in wheeltapper.__all__:
        assert getattr(wheeltapper, name).__doc__, f"{name} is public and says nothing"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_read_is_run(path):
    called = {
        node.func.id
        for node in nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not called & RUNNERS
    assert not {name.split(".")[0] for name in imports(path)} & UNPICKLERS


def test_no_file_names_a_registry():
    # Put together here, so that this file is not one that names them.
    hosts = [
        "pypi" + ".org", "pythonhosted" + ".org", "registry." + "npmjs", "registry.yarn" + "pkg",
        "crates" + ".io", "proxy." + "golang", "repo." + "maven", "deb." + "debian",
        "--index-" + "url", "--extra-index-" + "url", "index-" + "url =", '"resolved' + '": "http',
    ]  # fmt: skip
    known = re.compile("|".join(map(re.escape, hosts)).encode())
    naming = [str(path.relative_to(ROOT)) for path in tracked() if known.search(path.read_bytes())]
    assert naming == []


def declared(*extras):
    """Distribution names that pyproject.toml asks for, as registries write them."""
    wanted = list(PROJECT["dependencies"])
    for extra in extras:
        wanted += PROJECT["optional-dependencies"][extra]
    return {plain(re.match(r"[\w.-]+", requirement)[0]) for requirement in wanted}


def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(folder, *, but_not=()):
    """Distribution names of what the files of a folder import, other than Python's own and ours."""
    homes = {"pyflink": ["apache-flink"]} | metadata.packages_distributions()
    ours = {"wheeltapper"}
    if folder != SOURCE:  # files there import each other
        ours |= {p.stem for p in folder.rglob("*.py")} | {p.name for p in folder.iterdir()}
    names = {
        name.split(".")[0]
        for path in folder.rglob("*.py")
        if path not in but_not
        for name in imports(path)
    }
    return {
        plain(homes[name][0] if name in homes else name)
        for name in names - ours - sys.stdlib_module_names - {""}  # "": relative, so ours
    }


def test_what_is_imported_is_declared_and_the_other_way_round():
    models = SOURCE / "detect" / "models"
    training = {models / "forest.py", models / "train.py", SOURCE / "accounts" / "boost.py"}
    room = SOURCE / "powershell"
    training |= {room / f"{name}.py" for name in ("format", "nets", "ngrams", "onnx_file")}
    clusters = {p for name in ("flink", "spark") for p in (SOURCE / "engines" / name).glob("*.py")}
    local = SOURCE / "engines" / "local"
    kafka = {local / f"{name}.py" for name in ("broker", "kafka", "outlet")}
    not_imported = {"tzdata"}  # why: beside it in pyproject.toml
    assert imported(SOURCE, but_not=training | clusters | kafka) == declared() - not_imported
    assert imported(SOURCE) <= declared("flink", "kafka", "net", "spark", "train")
    assert imported(TESTS) <= declared("dev", "kafka", "net", "train", "postgres")
    assert imported(ROOT / "benchmarks") <= declared("bench", "dev", "train")


def test_everything_declared_is_pinned_without_an_address():
    files = (ROOT / "constraints.txt", *ROOT.glob("constraints-*.txt"))
    lines = [line for file in files for line in file.read_text().splitlines()]
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.!+]+", pin) for pin in pins)
    pinned = {plain(pin.partition("==")[0]) for pin in pins}
    assert declared(*PROJECT["optional-dependencies"]) - pinned == set()
