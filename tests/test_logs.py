import json
import logging
import sys

import pytest

from wheeltapper import logs

HOSTILE = "mallory\x1b[31m\u202e\nERROR forged"


@pytest.fixture(autouse=True)
def _as_before():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in ("wheeltapper", "uvicorn"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def said(capsys, form):
    logs.start(form)
    logging.getLogger("x").warning("%s did it", HOSTILE, extra={"fields": {"acts": 3}})
    return capsys.readouterr().err


def test_an_object_a_line(capsys):
    text = said(capsys, "json")
    assert text.isascii()
    line = json.loads(text)
    assert text.count("\n") == 1
    assert (line["level"], line["logger"], line["acts"]) == ("warning", "x", 3)
    assert line["message"] == f"{HOSTILE} did it"
    assert line["time"].endswith("+00:00")


def test_a_line_for_people_in_which_nothing_is_obeyed(capsys):
    text = said(capsys, "text")
    assert text.count("\n") == 1
    assert "warning: mallory\\x1b[31m\\u202e\\nERROR forged did it" in text


@pytest.mark.parametrize("form", logs.FORMS)
def test_what_went_wrong_is_told(capsys, form):
    logs.start(form)
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        logging.getLogger("x").exception("failed")
    text = capsys.readouterr().err
    assert "\x1b" not in text
    assert "ValueError" in text
    assert sys.stderr is not None


def test_of_libraries_only_warnings_are_told(capsys):
    logs.start("text")
    logging.getLogger("alembic.runtime").info("Running upgrade")
    logging.getLogger("wheeltapper.engines").info("a pass is done")
    text = capsys.readouterr().err
    assert "upgrade" not in text
    assert text.endswith("a pass is done\n")
