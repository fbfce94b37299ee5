"""A question as tests need one."""

from datetime import UTC, datetime, timedelta

from wheeltapper.question import Question

NOW = datetime(2026, 5, 18, 12, tzinfo=UTC)


def question(**changed: object) -> Question:
    fields: dict[str, object] = {
        "id": "0123456789abcdef01234567",
        "case_id": "c1",
        "actor": "kim.lee@example.org",
        "start": NOW - timedelta(hours=3),
        "end": NOW - timedelta(hours=2),
        "about": (("any.country", "KP"),),
        "asked_by": "ana",
        "asked_at": NOW,
        "expires": NOW + timedelta(hours=48),
        "nonce": "00" * 16,
    }
    return Question(**{**fields, **changed})
