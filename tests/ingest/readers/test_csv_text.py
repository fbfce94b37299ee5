import json

import pytest


def rows(records):
    return [(line, json.loads(raw)) for line, raw in records]


@pytest.mark.parametrize("delimiter", [b",", b";", b"\t"])
def test_rows_become_objects(taken, delimiter):
    data = b"time,user\n1,kim\n2,mia\n".replace(b",", delimiter)
    name, records, rejects = taken(data)
    assert (name, rejects) == ("csv", [])
    assert rows(records) == [(2, {"time": "1", "user": "kim"}), (3, {"time": "2", "user": "mia"})]


def test_quotes_may_hold_anything(taken):
    data = b'time,"user name"\r\n1,"a ""b"",\nc"\r\n2,d\r\n'
    _, records, rejects = taken(data)
    assert rejects == []
    assert rows(records) == [
        (2, {"time": "1", "user name": 'a "b",\nc'}),
        (4, {"time": "2", "user name": "d"}),
    ]


def test_a_quote_that_never_ends_is_not_held_for_ever(taken):
    data = b"time,user\n1,kim\n2,mia\n" + b'3,"' + b"x\n" * 2000 + b"4,kim\n"
    _, records, rejects = taken(data, max_record_bytes=1000)
    assert rows(records)[:2] == [
        (2, {"time": "1", "user": "kim"}),
        (3, {"time": "2", "user": "mia"}),
    ]
    assert rejects
    assert rejects[0][1].startswith("not valid CSV: field larger than field limit")


@pytest.mark.parametrize(
    "text",
    [
        b"Dec 10 06:55:46 host sshd[1]: Failed, again\nDec 10 06:55:46 host sshd[1]: Failed, a\n",
        b"one line, with a comma\n",
        b"a,a\n1,2\n",
        b"a,\n1,2\n",
        b"a,b\n1\n",
        b"1,2\n3,4\n",
    ],
)
def test_text_with_commas_is_no_table(taken, text):
    assert taken(text)[0] == "text"
