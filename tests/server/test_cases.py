from dataclasses import replace

import pytest

TOP = "/api/cases/c-7f3a"


def test_cases_come_by_rank_with_their_sentence(client):
    answer = client.get("/api/cases").json()
    assert answer["total"] == len(answer["cases"]) == 12
    first = answer["cases"][0]
    assert first["rank"] == 1
    assert first["headline"].startswith("Bert-Jan read 60 secrets")
    assert first["one_in"] == 212_927
    assert [c["rank"] for c in answer["cases"]] == list(range(1, 13))


def test_a_limit_says_how_many_there_are(client):
    answer = client.get("/api/cases", params={"limit": 3}).json()
    assert (len(answer["cases"]), answer["total"]) == (3, 12)


@pytest.mark.parametrize(
    ("search", "ids"),
    [
        ("Payroll", ["c-0003"]),  # a headline, whatever the case of its letters
        ("sofia.lind", ["c-0000"]),  # a person
        ("stratus-red", ["c-7f3a"]),  # a user agent in the case's acts
        ("192.168.10.20", None),  # an address that every case has
        ("red-team-secret-59", ["c-7f3a"]),  # a target
        ("100%", []),
        ("' or 1=1 --", []),
    ],
)
def test_search_looks_into_words_and_acts(client, search, ids):
    answer = client.get("/api/cases", params={"q": search}).json()
    assert ids is None or [c["id"] for c in answer["cases"]] == ids
    assert ids is not None or answer["total"] == 12


def test_search_keeps_the_rank_among_all(client):
    found = client.get("/api/cases", params={"q": "payroll"}).json()["cases"]
    assert [c["rank"] for c in found] == [5]


def test_a_case_is_whole(client):
    case = client.get(TOP).json()
    assert [f["n"] for f in case["found"]] == list(range(1, 11))
    assert case["found"][0]["value"] == "60 secrets read"
    assert case["found"][0]["events"] == 60
    assert case["peers"] == 6
    assert case["judged"] == []


def test_a_case_that_is_not_there_is_said_so(client):
    answer = client.get("/api/cases/nothing")
    assert answer.status_code == 404
    assert "there is no case nothing" in answer.json()["error"]


def test_a_verdict_closes_the_case_and_can_be_taken_back(judging):
    given = judging.put(f"{TOP}/verdict", json={"verdict": "malicious", "reason": " it was them "})
    assert given.status_code == 200
    assert given.json()["status"] == "closed"
    assert given.json()["judged"][0]["reason"] == "it was them"
    assert judging.get("/api/cases?status=open").json()["total"] == 11
    closed = judging.get("/api/cases?status=closed").json()["cases"]
    assert [(c["id"], c["verdict"]) for c in closed] == [("c-7f3a", "malicious")]

    again = judging.put(f"{TOP}/verdict", json={"verdict": None}).json()
    assert (again["status"], again["verdict"]) == ("open", None)
    assert [j["verdict"] for j in again["judged"]] == ["malicious", None]


@pytest.mark.parametrize(
    "body", [{"verdict": "guilty"}, {}, {"verdict": "malicious", "reason": "x" * 2001}, [1]]
)
def test_no_other_verdict_is_taken(client, body):
    answer = client.put(f"{TOP}/verdict", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]
    assert client.get(TOP).json()["verdict"] is None


def test_an_address_of_a_merged_case_leads_to_the_one_it_is_told_in(judging, own_view):
    book = own_view.casebook
    cases = book.cases()
    one, other = (next(c for c in cases if c.id == id) for id in ("c-7f3a", "c-0003"))
    judging.put("/api/cases/c-0003/verdict", json={"verdict": "malicious", "reason": ""})
    whole = replace(one, findings=(*one.findings, *other.findings))
    book.save([whole, *(c for c in cases if c.id not in ("c-7f3a", "c-0003"))])
    told = judging.get("/api/cases/c-0003").json()
    # All were made at once: the elder is the one that began before.
    assert {told["id"], *told["formerly"]} == {"c-7f3a", "c-0003"}
    assert judging.get(f"/api/cases/{told['formerly'][0]}").json() == told
    assert [j["verdict"] for j in told["judged"]] == ["malicious"]
    (turn,) = (t for t in told["turns"] if t["what"] == "merged")
    assert turn["said"].startswith(f"case {told['formerly'][0]} was merged into it")
    assert turn["case"] == ""
    assert told["id"] in {c["id"] for c in judging.get("/api/cases").json()["cases"]}


def test_a_case_that_was_opened_again_is_among_the_open_ones_and_says_why(judging, own_view):
    book = own_view.casebook
    cases = book.cases()
    one, other = (next(c for c in cases if c.id == id) for id in ("c-7f3a", "c-0003"))
    less = replace(one, findings=one.findings[1:])
    book.save([less])
    judging.put(f"{TOP}/verdict", json={"verdict": "benign_expected", "reason": ""})
    book.save([one, other])
    told = judging.get(TOP).json()
    assert (told["status"], told["verdict"]) == ("reopened", "benign_expected")
    assert one.findings[0].sentence in told["turns"][-1]["said"]
    open_ones = judging.get("/api/cases", params={"status": "open"}).json()["cases"]
    assert "c-7f3a" in {c["id"] for c in open_ones}


def test_the_shares_of_a_case_add_up(client):
    """Those of the story's cases are not counted: nothing is said of them."""
    shown = client.get("/api/cases/c-7f3a").json()
    assert (shown["evidence"], shown["rest"], shown["around"]) == (0.0, 0.0, [])
    assert {f["adds"] for f in shown["found"]} == {0.0}
    assert all(f["what"] and not f["what"].endswith(".") for f in shown["found"])
