"""What makes a step of detection happen once, on every engine.

Findings are appended under the step's number, then the manifest is replaced. Killed between the
two, the next run takes the findings out and does the step again, with the same outcome.
"""

import secrets
from dataclasses import replace

import pyarrow as pa

from wheeltapper.engines.local.checkpoint import Checkpoint, Manifest, Standing
from wheeltapper.store.lake import Lake


def begin(lake: Lake, checkpoint: Checkpoint, *, replay: bool) -> Standing:
    """Where detection stands, without what an unfinished step left behind.

    Raises
    ------
    WheeltapperError   if the saved state is damaged or was written by a later version.
    """
    if replay:
        checkpoint.clear()
    newest, standing = checkpoint.manifest(), checkpoint.sound()
    manifest = standing.manifest
    lake.drop_findings(after=_last_label(manifest.step))
    # What is done again after damage is new to refinement, so its steps have new numbers.
    return replace(standing, manifest=replace(manifest, step=max(manifest.step, newest.step)))


def append(lake: Lake, findings: pa.Table, step: int) -> None:
    """Keep a step's findings (rows of `finding.SCHEMA`); they count once its manifest does."""
    # The label ends in chance: a step that is done again is a step of its own.
    lake.append_findings(findings, f"{_label(step)}-{secrets.token_hex(4)}")


def came_late(lake: Lake, manifest: Manifest) -> pa.Table | None:
    """Acts that came after their time had been passed, since the last look: for rules only.

    They are judged before all else, because what later steps judge was received no earlier.
    """
    if manifest.watermark_us is None:
        return None
    where = "late and received > make_timestamptz(?) and time <= make_timestamptz(?)"
    params = [manifest.late_us or 0, manifest.watermark_us]
    behind = lake.activities(where=where, params=params)
    return behind if len(behind) else None


def _label(step: int) -> str:
    """Steps sort as text as they do as numbers."""
    return f"{step:012d}"


def _last_label(step: int) -> str:
    """Sorts after every try at this step, and before every try at the next."""
    return f"{_label(step)}~"
