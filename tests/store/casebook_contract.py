"""Cases and what every casebook has to do with them, whatever the database."""

import hashlib
import multiprocessing
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from wheeltapper.case import Case, CaseFinding, Other
from wheeltapper.errors import WheeltapperError
from wheeltapper.finding import Finding
from wheeltapper.question import Question
from wheeltapper.store import Casebook, casetext, database
from wheeltapper.suppression import Scope, suppression

START = datetime(2023, 7, 10, 11, 59, 59, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)


def case(
    id="c1", *, score=12.5, entity="ana", start=START, hours=2.0, headline="Ana copied keys", **more
):
    """A case that rests on one act of its own."""
    found = Finding(
        detector="cloudtrail.new_action",
        entity_type="actor",
        entity=entity,
        time=start,
        bits=9.25,
        llr=4.5,
        observed=1.0,
        expected=0.001,
        baseline_n=4242,
        event_ids=(hashlib.blake2b(id.encode(), digest_size=16).hexdigest(),),
        attack=("T1098",),
        evidence={"value": "CreateAccessKey", "peers": [1, 2], "none": None, "π": "\0"},
    )
    made = Case(
        id=id,
        rank=7,
        score=score,
        entity_type="actor",
        entity=entity,
        start=start,
        end=start + hours * HOUR,
        headline=headline,
        summary="42 days of history",
        baseline_days=42,
        baseline_acts=4242,
        peer_group="it admin",
        peers=12,
        tactics=("persistence",),
        findings=(
            CaseFinding(
                finding=found,
                bits=8.5,
                sentence="Ana created an access key",
                would_be_normal="",
                first=start,
                last=start + HOUR,
                count=3,
                app="AWS",
                value="CreateAccessKey",
            ),
        ),
        native_ids=("a-1", "b-2"),
        event_count=99,
        apps=("AWS", "Okta"),
        owner="cloud team",
    )
    return replace(made, **more)


def save_often(url, times):
    """In another process: runs that renew c1 and bring and take c2."""
    with Casebook(url) as book:
        for number in range(times):
            book.save([case(score=number)] + ([case("c2")] if number % 2 else []))


def asked(id="0" * 24, *, case_id="c1", **changed):
    """Ana is asked about a case of hers."""
    fields = {
        "id": id, "case_id": case_id, "actor": "ana", "start": START, "end": START + HOUR,
        "about": (("cloudtrail.new_action", "\0π"),), "asked_by": "kim", "asked_at": START,
        "expires": START + 48 * HOUR, "nonce": "00" * 16,
    }  # fmt: skip
    return Question(**{**fields, **changed})


def answer(book, says, *, id="0" * 24, at=START + HOUR, doubt=""):
    return book.questions.answer(
        id, says, at=at, address="192.0.2.1", user_agent="Firefox", doubt=doubt
    )


class CasebookContract:
    """Mixed into one test class a database; `url` is a fixture that gives an empty one."""

    def test_a_case_comes_back_as_it_was(self, url):
        with Casebook(url) as book:
            book.save([case()])
            assert book.case("c1") == replace(case(), rank=1)
            assert book.cases() == [replace(case(), rank=1)]
            assert book.case("c2") is None
        with Casebook(url) as again:
            assert again.cases() == [replace(case(), rank=1)]

    def test_rank_is_by_score_within_what_was_asked_for(self, url):
        with Casebook(url) as book:
            book.save([case("low", score=1), case("high", score=30), case("mid", score=2)])
            assert [(c.id, c.rank) for c in book.cases()] == [("high", 1), ("mid", 2), ("low", 3)]
            assert [c.id for c in book.cases(limit=2)] == ["high", "mid"]
            book.judge("high", "malicious", by="kim", reason="", at=START)
            assert [(c.id, c.rank) for c in book.cases(status="open")] == [("mid", 1), ("low", 2)]
            assert [c.id for c in book.cases(status="closed")] == ["high"]
            found = book.case("low")
            assert found is not None
            assert found.rank == 3

    def test_cases_of_equal_score_have_ranks_of_their_own(self, url):
        with Casebook(url) as book:
            book.save([case("b"), case("a"), case("c", start=START - HOUR)])
            listed = [(c.id, c.rank) for c in book.cases()]
            assert listed == [("c", 1), ("a", 2), ("b", 3)]
            assert [(id, book.case(id).rank) for id, _ in listed] == listed

    def test_span_and_entity_choose(self, url):
        with Casebook(url) as book:
            book.save(
                [case("a"), case("b", start=START + 10 * HOUR), case("c", entity="bo", hours=20)]
            )

            def ids(**asked):
                return {c.id for c in book.cases(**asked)}

            assert ids(entity="ana") == {"a", "b"}
            assert ids(since=START + 3 * HOUR) == {"b", "c"}
            assert ids(until=START) == set()
            assert ids(until=START + timedelta(microseconds=1)) == {"a", "c"}
            assert ids(since=START + 2 * HOUR, until=START + 3 * HOUR) == {"a", "c"}

    def test_times_come_back_in_utc_to_the_microsecond(self, url):
        east = timezone(timedelta(hours=5, minutes=45))
        with Casebook(url) as book:
            book.save([case(start=START.astimezone(east))])
            book.judge("c1", "malicious", by="kim", reason="", at=START.astimezone(east))
            found = book.case("c1")
            assert found.start == START
            assert found.start.utcoffset() == timedelta(0)
            assert found.verdict_at == START
            assert found.verdict_at.utcoffset() == timedelta(0)
            assert [v.at for v in book.verdicts("c1")] == [START]

    def test_a_verdict_survives_new_runs_and_a_longer_span(self, url):
        with Casebook(url) as book:
            book.save([case(), case("c2")])
            judged = book.judge("c1", "benign_expected", by="kim", reason="moved house", at=START)
            assert (judged.status, judged.verdict) == ("closed", "benign_expected")
            book.save([case(hours=9, score=20, headline="Ana copied more keys")])
            found = book.cases()
            assert [c.id for c in found] == ["c1"]
            assert found[0].end == START + 9 * HOUR
            assert found[0].headline == "Ana copied more keys"
            assert (found[0].verdict, found[0].verdict_by, found[0].verdict_reason) == (
                "benign_expected",
                "kim",
                "moved house",
            )
            book.save([])
            assert [c.id for c in book.cases()] == ["c1"]  # it was judged: it stays

    def test_what_was_said_is_only_added_to(self, url):
        with Casebook(url) as book:
            book.save([case()])
            book.judge("c1", "malicious", by="kim", reason="not me", at=START)
            book.save([case(headline="Ana copied more keys", score=20)])
            book.judge("c1", "", by="bo", reason="too quick", at=START + HOUR)
            assert book.case("c1").status == "open"
            book.save([])
            assert book.cases() == []  # the verdict was taken back: it goes
            said = book.verdicts("c1")
            assert [(v.verdict, v.by, v.headline, v.score) for v in said] == [
                ("malicious", "kim", "Ana copied keys", 12.5),
                ("", "bo", "Ana copied more keys", 20.0),
            ]
            assert book.verdicts() == said
            assert book.verdicts("c2") == []

    def test_a_suppression_comes_back_as_it_was_and_is_never_deleted(self, url):
        hostile = "x'; drop table suppressions; --\0<script>"
        one = suppression(
            Scope(detector="any.country", value=hostile), by="ana", at=START, reason="she moved"
        )
        other = suppression(Scope(app="Okta", entity="kim"), by="bo", at=START, case_id="c1")
        with Casebook(url) as book:
            assert book.suppressions() == []
            book.suppress([one, other])
            book.suppress([one])
            assert book.suppressions() == [one, other]
            (ended,) = book.expire([one.id], by="kim", at=START + HOUR)
            assert ended == replace(one, ended_by="kim", ended=START + HOUR)
        with Casebook(url) as again:
            assert again.suppressions() == [ended, other]
            with pytest.raises(WheeltapperError, match="was ended by kim on 10 July 2023"):
                again.expire([other.id, one.id], by="bo", at=START + 2 * HOUR)
            with pytest.raises(WheeltapperError, match="no suppression zzz; see: wheeltapper supp"):
                again.expire([other.id, "zzz"], by="bo", at=START)
            with pytest.raises(WheeltapperError, match="needs somebody"):
                again.expire([other.id], by=" ", at=START)
            assert again.suppressions() == [ended, other]

    def test_a_greyed_finding_keeps_what_greys_it(self, url):
        one = suppression(Scope(app="AWS", entity="ana"), by="ana", at=START, reason="\0 moved")
        (told,) = case().findings
        greyed = case(findings=(replace(told, suppressed=one),))
        with Casebook(url) as book:
            book.save([greyed])
            assert book.case("c1") == replace(greyed, rank=1)

    def test_refusals_change_nothing(self, url):
        with Casebook(url) as book:
            book.save([case()])
            with pytest.raises(WheeltapperError, match=r"no case c9; see: wheeltapper cases"):
                book.judge("c9", "malicious", by="kim", reason="", at=START)
            with pytest.raises(ValueError, match=r"'guilty' is no verdict; there are: malicious"):
                book.judge("c1", "guilty", by="kim", reason="", at=START)
            with pytest.raises(ValueError, match="needs somebody"):
                book.judge("c1", "malicious", by=" ", reason="", at=START)
            with pytest.raises(ValueError, match="names no zone"):
                book.judge("c1", "malicious", by="k", reason="", at=START.replace(tzinfo=None))
            with pytest.raises(ValueError, match="10000 characters at most"):
                book.judge("c1", "malicious", by="k", reason="x" * 10_001, at=START)
            with pytest.raises(ValueError, match="1 of 2 cases have the id of another"):
                book.save([case(), case()])
            assert book.verdicts() == []
            assert book.cases() == [replace(case(), rank=1)]

    def test_hostile_text_is_kept_readable(self, url):
        name = "x'; drop table cases; --\0\udc80<script>"
        with Casebook(url) as book:
            book.save([case(entity=name, headline=name)])
            (found,) = book.cases(entity=name)
            assert found.entity == "x'; drop table cases; --\\x00\\udc80<script>"
            assert found.findings[0].finding.entity == name
            book.judge("c1", "malicious", by=name, reason=name, at=START)
            assert book.verdicts("c1")[0].reason == found.entity

    def test_a_reader_and_a_judge_work_while_runs_save(self, url):
        with Casebook(url) as book:
            book.save([case(), case("c2")])
            run = multiprocessing.get_context("spawn").Process(target=save_often, args=(url, 40))
            run.start()
            number = 0
            while run.is_alive():
                assert book.case("c1") is not None
                assert {c.id for c in book.cases()} <= {"c1", "c2"}
                book.judge("c1", "malicious", by=f"kim{number}", reason="", at=START)
                number += 1
            run.join()
            assert run.exitcode == 0
            assert number > 0
            assert [v.by for v in book.verdicts()] == [f"kim{n}" for n in range(number)]
            found = book.case("c1")
            assert (found.score, found.verdict_by) == (39, f"kim{number - 1}")

    def test_a_reader_sees_all_of_a_run_or_nothing(self, url):
        with Casebook(url) as book, Casebook(url) as other:
            book.save([case("a"), case("b")])
            seen, done = [], threading.Event()

            def read():
                while not done.is_set():
                    seen.append(tuple(sorted(c.id for c in other.cases())))

            reader = threading.Thread(target=read)
            reader.start()
            for _ in range(20):
                book.save([case("c"), case("d")])
                book.save([case("a"), case("b")])
            done.set()
            reader.join()
            assert set(seen) <= {("a", "b"), ("c", "d")}
            assert seen

    def test_opening_twice_at_once_makes_the_tables_once(self, url):
        errors = []

        def open_it():
            try:
                Casebook(url).close()
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=open_it) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []

    def test_tables_are_what_the_code_says(self, url):
        from alembic.autogenerate import compare_metadata
        from alembic.migration import MigrationContext

        from wheeltapper.store.tables import Base

        Casebook(url).close()
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            context = MigrationContext.configure(connection)
            assert compare_metadata(context, Base.metadata) == []
        engine.dispose()

    def test_a_newer_casebook_is_refused_with_what_to_do(self, url):
        Casebook(url).close()
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.execute(sa.text("update alembic_version set version_num = '9999'"))
        engine.dispose()
        with pytest.raises(WheeltapperError, match=r"made by a newer wheeltapper"):
            Casebook(url)

    def test_a_question_comes_back_as_it_was_and_stands_in_its_case(self, url):
        with Casebook(url) as book:
            book.save([case(), case("c2")])
            kept = book.questions.ask(asked())
            assert kept == asked()
            assert book.questions.question(kept.id) == kept
            assert book.questions.question("1" * 24) is None
            assert book.questions.all() == book.questions.all(["c1"]) == [kept]
            assert book.questions.all(["c2"]) == []
            assert book.case("c1").questions == (kept,)
            assert {c.id: c.questions for c in book.cases()} == {"c1": (kept,), "c2": ()}

    def test_nobody_is_asked_about_a_case_that_is_not_there(self, url):
        with Casebook(url) as book, pytest.raises(WheeltapperError, match="there is no case c1"):
            book.questions.ask(asked())

    def test_hostile_names_can_be_asked_and_answer(self, url):
        with Casebook(url) as book:
            book.save([case()])
            kept = book.questions.ask(asked(actor="a\0\ud800\u202e"))
            assert book.questions.question(kept.id) == kept  # what a link is signed over
            done = book.questions.answer(
                kept.id,
                "unsure",
                at=START,
                address="\0" * 500,
                user_agent="\ud800" * 9999,
                doubt="",
            )
            assert len(done.address) <= 100
            assert len(done.user_agent) <= 500

    def test_asking_again_withdraws_the_question_before(self, url):
        with Casebook(url) as book:
            book.save([case(), case("c2")])
            for id, of, actor in (("0", "c1", "ana"), ("1", "c2", "ana"), ("2", "c1", "bo"),
                                  ("3", "c1", "ana")):  # fmt: skip
                book.questions.ask(asked(id * 24, case_id=of, actor=actor))
            states = [q.state for q in book.questions.all()]
            assert states == ["withdrawn", "asked", "asked", "asked"]
            assert answer(book, "yes") is None

    def test_a_question_is_answered_once(self, url):
        with Casebook(url) as book:
            book.save([case()])
            book.questions.ask(asked())
            done = answer(book, "unsure")
            assert done == book.questions.question(done.id)
            assert (done.state, done.answer, done.answered_at) == (
                "answered",
                "unsure",
                START + HOUR,
            )
            assert (done.address, done.user_agent) == ("192.0.2.1", "Firefox")
            assert answer(book, "no") is None
            assert book.questions.question(done.id) == done
            with pytest.raises(ValueError, match="'maybe' is no answer"):
                answer(book, "maybe")
            assert answer(book, "no", id="f" * 24) is None

    def test_a_question_that_has_expired_is_not_answered(self, url):
        with Casebook(url) as book:
            book.save([case()])
            book.questions.ask(asked())
            assert answer(book, "yes", at=START + 48 * HOUR) is None
            assert answer(book, "yes", at=START + 47.99 * HOUR) is not None

    def test_of_many_answers_at_once_one_wins(self, url):
        with Casebook(url) as book:
            book.save([case()])
            for round in range(4):
                id = f"{round}" * 24
                book.questions.ask(asked(id))
                start, won = threading.Barrier(6), []

                def give(says, id=id, start=start, won=won):
                    start.wait()
                    if answer(book, says, id=id):
                        won.append(says)

                threads = [
                    threading.Thread(target=give, args=(says,)) for says in ("yes", "no") * 3
                ]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                assert len(won) == 1
                assert book.questions.question(id).answer == won[0]

    def test_a_no_comes_first_and_opens_the_case_again(self, url):
        with Casebook(url) as book:
            book.save([case("low", score=6), case("high", score=30)])
            book.judge("low", "benign_expected", by="kim", at=START)
            book.questions.ask(asked(case_id="low"))
            assert answer(book, "no") is not None
            low = book.case("low")
            assert (low.rank, low.status, low.verdict, low.score) == (1, "open", "", 6)
            assert [c.id for c in book.cases()] == ["low", "high"]
            said = book.verdicts("low")[-1]
            assert (said.verdict, said.by, said.reason) == (
                "", "ana", "said that this was not them"
            )  # fmt: skip
            book.judge("low", "malicious", by="kim", at=START)
            assert [c.id for c in book.cases()] == ["high", "low"]

    def test_a_yes_lowers_a_case_and_closes_nothing(self, url):
        with Casebook(url) as book:
            book.save([case(score=9), case("c2", score=8.5)])
            book.questions.ask(asked())
            assert answer(book, "yes") is not None
            assert [(c.id, c.score, c.status) for c in book.cases()] == [
                ("c2", 8.5, "open"), ("c1", 7.0, "open")
            ]  # fmt: skip

    @pytest.mark.parametrize(("says", "doubt"), [("yes", "it came from …"), ("unsure", "")])
    def test_what_counts_nothing_changes_nothing(self, url, says, doubt):
        with Casebook(url) as book:
            book.save([case(score=9)])
            book.questions.ask(asked())
            assert answer(book, says, doubt=doubt) is not None
            found = book.case("c1")
            assert (found.score, found.status, found.verdict) == (9, "open", "")

    def test_a_case_that_somebody_was_asked_about_stays(self, url):
        with Casebook(url) as book:
            book.save([case(), case("c2")])
            book.questions.ask(asked())
            book.save([])
            assert [c.id for c in book.cases()] == ["c1"]
            book.save([case(score=3)])
            assert book.case("c1").questions
            assert book.case("c1").score == 3

    def test_a_merged_case_is_found_from_the_one_it_is_told_in(self, url):
        a, b = case("a"), case("b", entity="bo", start=START + HOUR)
        tie = Other(entity_type="actor", entity="bo", why="in the same session as Ana")
        with Casebook(url) as book:
            book.save([a, b], at=START)
            book.judge("b", "malicious", by="kim", reason="keys", at=START)
            book.judge("a", "malicious", by="kim", reason="keys", at=START)
            book.questions.ask(asked(case_id="b"))
            whole = replace(a, findings=(*a.findings, *b.findings), others=(tie,))
            book.save([replace(whole, id="new")], at=START + HOUR)
            (found,) = book.cases()
            assert (found.id, found.formerly, found.status) == ("a", ("b",), "closed")
            assert book.case("b") == found == book.case("a")
            assert [q.case_id for q in found.questions] == ["b"]
            assert [v.case_id for v in book.verdicts("a")] == ["b", "a"]
            assert [t.said("a") for t in found.turns] == [
                "case b was merged into it: bo, in the same session as Ana"
            ]
            assert answer(book, "no").case_id == "b"  # a no opens the case that it is about now
            assert book.case("b").status == "open"
            assert book.judge("b", "malicious", by="kim", at=START).id == "a"
            assert book.count() == 1
        with Casebook(url) as again:
            assert again.case("b").id == "a"

    def test_a_case_that_comes_apart_again_says_so_and_each_part_has_its_verdict(self, url):
        a, b = case("a"), case("b", entity="bo", start=START + HOUR)
        whole = replace(a, findings=(*a.findings, *b.findings))
        with Casebook(url) as book:
            book.save([a, b], at=START)
            book.judge("b", "wrong_data", by="kim", reason="clock", at=START)
            book.save([whole], at=START + HOUR)
            book.save([a, b], at=START + 2 * HOUR)
            assert {c.id: (c.status, c.verdict) for c in book.cases()} == {
                "a": ("open", ""),
                "b": ("closed", "wrong_data"),
            }
            assert book.case("b").turns[-1].said("b") == "split from case a"
            assert book.case("a").turns[-1].said("a") == "case b was split from it"

    def test_a_casebook_of_before_is_brought_up_to_date(self, url):
        engine = database.open_engine(url)
        config = Config()
        config.set_main_option("script_location", str(database.MIGRATIONS).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "0003")
            connection.execute(
                sa.text(
                    """insert into cases values ('c1', 1.0, 'actor', 'ana', 1000000, 2000000, 'h',
                       '', :details, :findings, 'closed', 'malicious', 'kim', '', 3000000)"""
                ),
                {
                    "details": casetext.details(case()),
                    "findings": casetext.findings(case().findings),
                },
            )
        engine.dispose()
        with Casebook(url) as book:
            assert book.case("c1").verdict == "malicious"
            assert [len(c.findings) for c in book.judged()] == [1]
            book.save([case(id="c1", headline="more")])
            assert [(c.id, c.status, c.headline) for c in book.cases()] == [
                ("c1", "closed", "more")
            ]
