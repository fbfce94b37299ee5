"""Service accounts keep to their rhythm."""

from collections import Counter
from datetime import date


def _by_day(small, session: str) -> Counter:
    return Counter(
        r["eventTime"][:10]
        for r in small.cloudtrail
        if (r["userIdentity"].get("arn") or "").endswith(session)
    )


def test_monitoring_does_the_same_every_day(small):
    days = _by_day(small, "/DatadogIntegration")
    assert len(days) == 35
    assert len(set(days.values())) == 1


def test_the_backup_runs_once_a_night(small):
    hours = {
        (r["eventTime"][:10], r["eventTime"][11:13])
        for r in small.cloudtrail
        if (r["userIdentity"].get("arn") or "").endswith("user/svc-backup")
    }
    assert len(hours) == 35
    assert {hour for _, hour in hours} == {"02"}


def test_the_scanner_comes_on_sundays(small):
    days = _by_day(small, "user/svc-scanner")
    assert len(days) == 5
    assert {date.fromisoformat(day).weekday() for day in days} == {6}


def test_the_broken_job_retries_for_two_days(small):
    denied = Counter(
        r["eventTime"][:10]
        for r in small.cloudtrail
        if (r["userIdentity"].get("arn") or "").endswith("user/svc-reports")
        and r.get("errorCode") == "AccessDenied"
    )
    assert 2 <= len(denied) <= 3
    assert denied.total() == 192


def test_deployments_follow_the_week(small):
    days = _by_day(small, "/GitHubActions")
    week = [n for day, n in days.items() if date.fromisoformat(day).weekday() < 4]
    weekend = [n for day, n in days.items() if date.fromisoformat(day).weekday() >= 5]
    assert min(week) > 0
    assert sum(weekend) / 10 < sum(week) / len(week) / 5
