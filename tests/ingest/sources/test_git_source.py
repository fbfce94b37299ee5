import os
import subprocess
from collections import Counter

COMMIT = {
    "repository": "php",
    "commit": "c730aa26bd52829a49f2ad284b181b7e82a68d7d",
    "author": "dev-1",
    "author_time": "2021-03-28T05:57:07+02:00",
    "committer": "dev-1",
    "commit_time": "2021-03-28T06:00:00+02:00",
    "parents": 1,
    "files": ["ext/zlib/zlib.c"],
    "file_count": 1,
}
COMMITTED = "2026-11-20T09:00:00+00:00"
"""Before the day that these tests take for today."""


def test_commits_of_the_php_project(golden):
    golden("git", "php.ndjson")


def test_one_activity_a_file_in_one_session(activities):
    first, second = activities(COMMIT | {"files": ["a", "b"], "file_count": 2})
    assert (first["target"], second["target"]) == ("a", "b")
    assert first["session"] == second["session"] == COMMIT["commit"]
    assert "on_behalf_of" not in first


def test_files_of_one_commit_are_different_events(batch_of):
    batch = batch_of(COMMIT | {"files": ["a", "b", "a"]})
    assert len(set(batch.activities.column("event_id").to_pylist())) == 3


def test_a_commit_without_a_file_is_an_act(activities):
    [act] = activities(COMMIT | {"files": [], "file_count": 0})
    assert "target" not in act
    assert "target_type" not in act


def test_somebody_else_committed_it(activities):
    [act] = activities(COMMIT | {"committer": "dev-2"})
    assert (act["actor"], act["on_behalf_of"]) == ("dev-1", "dev-2")


def test_a_merge_and_a_robot(activities):
    [act] = activities(COMMIT | {"parents": 2, "author": "renovate[bot]@users.noreply.github.com"})
    assert (act["action"], act["actor_type"]) == ("merge", "service")


def test_an_author_time_that_lies_loses_nothing(activities):
    for lie in ("1970-01-01T00:00:00+00:00", "2099-01-01T00:00:00Z", "soon", None, 7):
        [act] = activities(COMMIT | {"author_time": lie})
        assert act["time"] == "2021-03-28T04:00:00+00:00"


def test_without_a_commit_time_the_authors_counts(activities):
    [act] = activities(COMMIT | {"commit_time": None})
    assert (act["time"], act["utc_offset"]) == ("2021-03-28T03:57:07+00:00", 120)


def test_no_offset_is_told_where_none_was_written(activities):
    [act] = activities(COMMIT | {"author_time": "2021-03-28T03:57:07"})
    assert "utc_offset" not in act


def test_a_repository_and_its_export_are_the_same_activities(tmp_path, rows):
    def git(*arguments):
        subprocess.run(
            ["git", "-c", "user.name=A", "-c", "user.email=a@x", "-C", str(repository), *arguments],
            check=True,
            capture_output=True,
            env={**os.environ, "GIT_AUTHOR_DATE": COMMITTED, "GIT_COMMITTER_DATE": COMMITTED},
        )

    repository = tmp_path / "project"
    repository.mkdir()
    git("init", "-q")
    for i in range(3):
        (repository / f"f{i}").write_text("x")
        git("add", ".")
        git("commit", "-q", "-m", "x")
    found, rejects = rows(repository)
    assert rejects == []
    assert [(a["source"], a["app"], a["target"]) for a in found] == [
        ("git", "project", f"f{i}") for i in range(3)
    ]


def test_every_commit_of_thirteen_years_is_kept(shared, counted):
    found, rejects = counted(shared / "data" / "git" / "php.ndjson.gz")
    assert rejects == []
    assert found == Counter(git=160_875)
