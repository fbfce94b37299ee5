"""Cases of lineage tests: each rests on acts that are named by letters, one finding an act."""

import hashlib
from dataclasses import replace
from datetime import timedelta

from casebook_contract import START, case

DAY = timedelta(days=1)


def of(acts, *, entity="ana", bits=8.0, **more):
    """A case that rests on these acts; by itself it is named by its first, as `refine` does."""
    first = acts[0]
    made = case(f"id-{entity}-{first}", entity=entity, **more)
    (told,) = made.findings
    findings = tuple(
        replace(
            told,
            finding=replace(told.finding, event_ids=(_event(act),)),
            key=f"value {act}",
            sentence=f"Ana did {act}.",
            bits=bits,
            first=START,
            last=START,
        )
        for act in acts
    )
    return replace(made, findings=findings, native_ids=tuple(acts))


def _event(act):
    return hashlib.blake2b(act.encode(), digest_size=16).hexdigest()


def acts(case):
    return "".join(sorted(f.key.removeprefix("value ") for f in case.findings))
