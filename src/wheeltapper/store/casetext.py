"""Cases to JSON text and back: what the casebook keeps of a case beside what it searches by."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from wheeltapper.case import Case, CaseFinding, Other, Team
from wheeltapper.finding import Finding
from wheeltapper.suppression import Scope, from_dict


def details(case: Case) -> str:
    """The parts of a case that no query asks for."""
    return _text(
        {
            "summary": case.summary,
            "baseline_days": case.baseline_days,
            "baseline_acts": case.baseline_acts,
            "peer_group": case.peer_group,
            "peers": case.peers,
            "tactics": case.tactics,
            "native_ids": case.native_ids,
            "event_count": case.event_count,
            "apps": case.apps,
            "owner_because": case.owner_because,
            "others": [asdict(other) for other in case.others],
            "learned_bits": case.learned_bits,
            "evidence": case.evidence,
            "around": case.around,
            "kind": case.kind,
            "members": case.members,
            "teams": [asdict(team) for team in case.teams],
        }
    )


# Any: what JSON holds is known by the name under which `details` put it there.
def read_details(text: str) -> dict[str, Any]:
    """Fields of `Case`, as `details` wrote them; lists are tuples again."""
    values: dict[str, Any] = json.loads(text)
    others = tuple(Other(**other) for other in values.pop("others", ()))
    teams = tuple(Team(**team) for team in values.pop("teams", ()))
    return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()} | {
        "others": others,
        "teams": teams,
    }


def findings(items: Sequence[CaseFinding]) -> str:
    return _text(
        [
            {
                "bits": item.bits,
                "sentence": item.sentence,
                "would_be_normal": item.would_be_normal,
                "first": item.first.isoformat(),
                "last": item.last.isoformat(),
                "count": item.count,
                "app": item.app,
                "value": item.value,
                "key": item.key,
                "suppressed": item.suppressed.to_dict() if item.suppressed else None,
                "learned": item.learned,
                "learned_bits": item.learned_bits,
                "what": item.what,
                "expected": item.expected,
                "peers": item.peers,
                "techniques": item.techniques,
                "adds": item.adds,
                "finding": item.finding.to_dict(),
            }
            for item in items
        ]
    )


def read_findings(text: str) -> tuple[CaseFinding, ...]:
    return tuple(
        CaseFinding(
            **{
                **item,
                "first": datetime.fromisoformat(item["first"]),
                "last": datetime.fromisoformat(item["last"]),
                "techniques": tuple(item.get("techniques", ())),
                "finding": _finding(item["finding"]),
                "suppressed": from_dict(hidden) if (hidden := item.get("suppressed")) else None,
            }
        )
        for item in json.loads(text)
    )


# Any: as above, these are the names of `Finding.to_dict`.
def _finding(values: Mapping[str, Any]) -> Finding:
    return Finding(
        **{
            **values,
            "time": datetime.fromisoformat(values["time"]),
            "event_ids": tuple(values["event_ids"]),
            "attack": tuple(values["attack"]),
        }
    )


def scope(scope: Scope) -> str:
    return _text(asdict(scope))


def read_scope(text: str) -> Scope:
    return Scope(**json.loads(text))


def _text(value: object) -> str:
    # Escaped beyond ASCII, so that a lone surrogate of a hostile record is storable; PostgreSQL's
    # text has no NUL, and JSON writes it as \u0000.
    return json.dumps(value, separators=(",", ":"))


def storable(text: str) -> str:
    """Text that every database takes: hostile names may hold NULs and lone surrogates."""
    clean = text.encode("utf-8", "backslashreplace").decode()
    return clean.replace("\0", "\\x00")
