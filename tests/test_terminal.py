import io
import json
import re
import unicodedata
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from wheeltapper import terminal
from wheeltapper.case import CAMPAIGN, LOCKSTEP, MALICIOUS, REOPENED, Team, Turn

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOON = datetime(2026, 5, 12, 12, tzinfo=UTC)
OBEYED = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def shown(print_it, *arguments, width=110) -> str:
    text = io.StringIO()
    print_it(Console(width=width, file=text, highlight=False), *arguments)
    return text.getvalue()


@given(st.text(st.characters()))
def test_safe_text_holds_nothing_that_a_terminal_obeys(text):
    safe = terminal.safe(text)
    assert not {unicodedata.category(c) for c in safe} & OBEYED
    if text.isprintable():
        assert safe == text


def test_what_is_obeyed_is_shown_as_its_code():
    assert terminal.safe("a\x1b[31m\u202eb\n\x9b\ud800") == r"a\x1b[31m\u202eb\n\x9b\ud800"
    assert terminal.safe("Zoë — 東京") == "Zoë — 東京"
    assert terminal.safe_lines("one\ntwo\r") == "one\ntwo\\r"


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (0, "1 in 1"), (10, "1 in 1,024"), (13.3, "1 in 10 k"), (17.7, "1 in 213 k"),
        (20, "1 in 1 M"), (40, "1 in 1,100 G"), (1e9, "1 in 1,152,921,505 G"),
    ],
)  # fmt: skip
def test_how_rare(score, said):
    assert terminal.how_rare(score) == said


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0, "12 May 2026 14:00"),
        (35, "12 May 2026 14:00-14:35"),
        (60 * 11, "12 May 2026 14:00 - 13 May 01:00"),
    ],
)
def test_span_in_the_readers_zone(minutes, said):
    assert terminal.span(NOON, NOON + timedelta(minutes=minutes), AMSTERDAM) == said


def test_a_span_that_turns_the_year_names_both():
    eve = datetime(2025, 12, 31, 20, tzinfo=UTC)
    said = terminal.span(eve, eve + timedelta(hours=6), AMSTERDAM)
    assert said == "31 Dec 2025 21:00 - 1 Jan 2026 03:00"


def test_a_case_is_told_whole(office):
    (case,) = office.cases()
    told = replace(
        case, owner="ana@example.org", verdict=MALICIOUS, verdict_by="ana", verdict_reason="keys",
        peer_group="sales", peers=3,
    )  # fmt: skip
    said = shown(terminal.print_case, told, AMSTERDAM, width=200)
    for line in (
        "when: 12 Feb 2026 04:00-04:03 (Europe/Amsterdam)",
        "history: 38 days, 112 acts",
        "peers: 3, sales",
        "owner: ana@example.org",
        "verdict: malicious by ana keys",
        "chain: Persistence → Evasion",
        "4 records behind it, of 4 acts in the time",
    ):
        assert line in said
    assert said.count("•") == len(case.findings) + len(case.around)
    assert "holds as much evidence: " in said
    assert "Impair Defenses" in said  # techniques by their names
    assert said.count("Europe/Amsterdam") == 1


def test_the_score_can_be_followed(office):
    (case,) = office.cases()
    said = shown(terminal.print_case, case, AMSTERDAM, width=200)
    (line,) = [line for line in said.splitlines() if line.startswith("how rare: ")]
    total, parts = re.search(r"([0-9.]+) bits = (.*)$", line).groups()
    terms = [float(term.split()[0]) for term in parts.split(" + ")]
    assert sum(terms) == pytest.approx(float(total))
    shares = [float(share) for share in re.findall(r"· ([0-9.]+) bits, ", said)]
    assert sum(shares) == pytest.approx(float(total))
    assert terms[:5] == sorted(shares, reverse=True)[:5]


@pytest.mark.parametrize(
    ("part", "evidence", "said"),
    [
        (10.1, 18.3, "10.1 bits, most (55 %) of the evidence"),
        (4.6, 18.3, "4.6 bits, 25 % of the evidence"),
        (26.1, 26.1, "26.1 bits, all of the evidence"),
        (0.1, 90.0, "0.1 bits, 1 % of the evidence"),
        (0.0, 18.3, "next to nothing"),
    ],
)
def test_shares_in_words(part, evidence, said):
    assert terminal.share(part, evidence) == said


def test_lockstep_says_what_speaks_for_one_hand(office):
    (case,) = office.cases()
    findings = (replace(case.findings[0], adds=5.0), replace(case.findings[1], adds=2.5))
    hand = replace(case, kind=LOCKSTEP, findings=findings, evidence=15.0)
    assert terminal.added_up(hand) == ("15.0 bits = 5.0 + 2.5 + 7.5 for what speaks for one hand")
    assert terminal.added_up(replace(hand, kind="story")) == (
        "15.0 bits = 5.0 + 2.5 + 7.5 of the others"
    )


def test_the_same_act_by_another_judge_is_told_once(office):
    (case,) = office.cases()
    twice = replace(case, findings=(case.findings[0], case.findings[0]), around=())
    said = shown(terminal.print_case, twice, AMSTERDAM, width=200)
    assert "\n• The same · " in said
    others = case.findings[1:3]
    apart = replace(case, findings=(case.findings[0], *others, case.findings[0]), around=())
    assert "The same" not in shown(terminal.print_case, apart, AMSTERDAM, width=200)


def test_of_many_findings_the_weightiest_are_told(office):
    (case,) = office.cases()
    many = replace(case, findings=case.findings * 4)
    said = shown(terminal.print_case, many, AMSTERDAM)
    assert said.count("•") == 15 + len(case.around)
    assert "… and 9 more findings" in said


def test_a_campaign_says_how_many_they_are_and_no_rarity(office):
    (case,) = office.cases()
    teams = tuple(Team(name=name, members=20, of=33) for name in ("sales", "", *"abcdefgh"))
    many = replace(case, kind=CAMPAIGN, members=200, teams=teams, score=0.0)
    said = shown(terminal.print_case, many, AMSTERDAM, width=200)
    for line in ("kind: campaign", "team: sales: 20 of 33", "team: of no team: 20 of 33",
                 "with: 199 more"):  # fmt: skip
        assert line in said
    assert said.count("\nteam: ") == terminal.MOST_TEAMS
    assert "how rare" not in said
    assert "\nhistory:" not in said
    listed = shown(terminal.print_cases, [many], AMSTERDAM)
    assert "campaign of 200 accounts" in listed
    assert "1 in" not in listed
    hand = replace(many, kind=LOCKSTEP, score=10.0)
    assert "how rare: 1 in 1,024" in shown(terminal.print_case, hand, AMSTERDAM)
    assert "1 in 1,024" in shown(terminal.print_cases, [hand], AMSTERDAM)


HOSTILE = "\x1b]0;x\x07\u202e\n[bold]b[/bold]"


def test_a_hostile_case_cannot_draw(office):
    (case,) = office.cases()
    findings = tuple(
        replace(
            f, sentence=HOSTILE, would_be_normal=HOSTILE, app=HOSTILE, what=HOSTILE,
            expected=HOSTILE, peers=HOSTILE, techniques=(HOSTILE,),
        )
        for f in case.findings
    )  # fmt: skip
    hostile = replace(
        case, entity=HOSTILE, headline=HOSTILE, summary=HOSTILE, apps=(HOSTILE,), owner=HOSTILE,
        peer_group=HOSTILE, peers=1, verdict=MALICIOUS, verdict_by=HOSTILE, verdict_reason=HOSTILE,
        findings=findings, around=(HOSTILE, HOSTILE),
    )  # fmt: skip
    for said in (
        shown(terminal.print_case, hostile, AMSTERDAM),
        shown(terminal.print_cases, [hostile], AMSTERDAM),
    ):
        assert "\\x1b]0;x\\x07" in said
        assert "[bold]b[/bold]" in said
        assert not {unicodedata.category(c) for c in said.replace("\n", "")} & OBEYED


@given(text=st.text(st.characters(), min_size=1, max_size=60))
def test_whatever_a_log_says_nothing_of_a_case_is_obeyed(office, text):
    (case,) = office.cases()
    one = replace(
        case.findings[0], what=text, expected=text, peers=text, would_be_normal=text, app=text,
        techniques=(text,), learned=text, sentence=text,
    )  # fmt: skip
    told = replace(
        case, entity=text, headline=text, summary=text, around=(text,), peer_group=text, peers=2,
        findings=(one, one), apps=(text,), owner=text, owner_because=text, tactics=(text,),
    )  # fmt: skip
    for print_it, argument in ((terminal.print_case, told), (terminal.print_cases, [told])):
        said = shown(print_it, argument, AMSTERDAM)
        assert not {unicodedata.category(c) for c in said.replace("\n", "")} & OBEYED


def test_colours_on_a_terminal_and_none_elsewhere(office):
    cases = [replace(c, score=terminal.HOT) for c in office.cases()]
    text = io.StringIO()
    terminal.print_cases(Console(width=110, file=text, force_terminal=True), cases, AMSTERDAM)
    assert "\x1b[1;31m1 in 16 k" in text.getvalue()
    assert "\x1b" not in shown(terminal.print_cases, cases, AMSTERDAM)


ROWS = [{"name": "a\u202eb\x1b", "n": 1, "none": None, "list": ["x"]}]


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.text() | st.integers() | st.none())))
def test_json_is_the_same_and_safe(rows):
    for form in ("json", "ndjson"):
        text = printed(rows, form)
        read = json.loads(text) if form == "json" else list(map(json.loads, text.split("\n")[:-1]))
        assert read == rows
        assert not {unicodedata.category(c) for c in text.replace("\n", "")} & OBEYED


def printed(rows, form) -> str:
    text = io.StringIO()
    with redirect_stdout(text):
        terminal.print_rows(rows, form)
    return text.getvalue()


def test_csv_has_a_head_and_no_formulas():
    assert printed(ROWS, "csv") == 'name,n,none,list\na\\u202eb\\x1b,1,,"[""x""]"\n'
    for start in "=+-@":
        assert printed([{"a": f"{start}1+1"}], "csv") == f"a\n'{start}1+1\n"
    assert printed([{"a": "\t=1"}], "csv") == "a\n\\t=1\n"
    assert printed([{"a": -3}], "csv") == "a\n-3\n"
    assert printed([], "csv") == ""


def test_a_case_tells_what_became_of_it(office):
    case = replace(
        office.case(1), status=REOPENED, verdict="benign_expected", verdict_by="kim",
        formerly=("old",),
        turns=(
            Turn(what="merged", case_id="c", other="old", at=NOON, why="bo\x1b[31m, made by Kim"),
            *(Turn(what="joined", case_id="c", at=NOON, why=f"{n}") for n in range(9)),
            Turn(what="reopened", case_id="c", at=NOON, why="there is more"),
        ),
        id="c",
    )  # fmt: skip
    told = shown(terminal.print_case, case, AMSTERDAM)
    assert "lineage: 3 earlier" in told
    assert "lineage: 12 May 2026 14:00, opened again: there is more" in told
    assert "told here: old" in told
    assert "kim, opened again" in shown(terminal.print_cases, [case], AMSTERDAM, width=200)
    told = shown(terminal.print_case, replace(case, turns=case.turns[:1]), AMSTERDAM)
    assert r"case old was merged into it: bo\x1b[31m, made by Kim" in told
