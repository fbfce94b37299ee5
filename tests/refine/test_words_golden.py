"""Phrases as a reader gets them, kept in a file so that a change of words shows in the diff.

`make golden` (WHEELTAPPER_GOLDEN=1) writes the file anew; read it before you commit it.
"""

import os
from pathlib import Path

from wheeltapper.refine.words import Vocabulary

GOLDEN = Path(__file__).parent / "golden"


def _rendered() -> str:
    words = Vocabulary.load()
    lines = []
    for row in (GOLDEN / "acts.tsv").read_text(encoding="utf-8").splitlines():
        source, app, action, target = row.split("\t")
        act = (source, app, action)
        lines += [
            f"{source} | {app} | {action} | {words.severity(*act):g}",
            f"    {words.act(*act, target=target)}",
            f"    {words.act(*act, count=12)}",
            f"    {words.act(*act, count=3, outcome='failure', reason='AccessDenied')}",
            f"    {words.act(*act, target=target, outcome='failure', reason='NoSuchEntity')}",
            f"    {words.noun(*act)}",
        ]
    return "\n".join(lines) + "\n"


def test_every_kept_phrase_reads_as_it_did():
    rendered, kept = _rendered(), GOLDEN / "words.txt"
    if os.environ.get("WHEELTAPPER_GOLDEN"):
        kept.write_text(rendered, encoding="utf-8")
    assert rendered == kept.read_text(encoding="utf-8")
