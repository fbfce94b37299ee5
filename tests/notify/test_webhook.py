"""To a receiver that listens, as an application would."""

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from wheeltapper.config import Accounts
from wheeltapper.engines.local.delivering import deliver
from wheeltapper.errors import WheeltapperError
from wheeltapper.notify import webhook
from wheeltapper.referral import Decision, Referral
from wheeltapper.store import Casebook

NOW = datetime(2026, 7, 10, tzinfo=UTC)
SECRET = "a secret of some length"
ONE = Decision(
    number=1, id="00ff", account="a\n<b>", step="hold", was="allow", by="policy", why="", at=NOW
)


@pytest.fixture
def receiver():
    """Address, what came, and the answers it will give."""
    came, answers = [], []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            sent = self.rfile.read(int(self.headers["content-length"]))
            came.append((dict(self.headers), sent))
            status = answers.pop(0) if answers else 204
            self.send_response(status)
            if status == 302:
                self.send_header("location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook", came, answers
        server.shutdown()
        thread.join()


def test_what_is_sent_is_signed_and_carries_its_key(receiver):
    url, came, _ = receiver
    assert webhook.post(ONE, url, SECRET, at=NOW) == ""
    headers, sent = came[0]
    headers = {name.lower(): value for name, value in headers.items()}
    assert headers["idempotency-key"] == "00ff"
    assert json.loads(sent)["account"] == "a\n<b>"
    header = headers["wheeltapper-signature"]
    assert webhook.genuine(sent, header, SECRET, NOW)
    assert not webhook.genuine(sent + b" ", header, SECRET, NOW)
    assert not webhook.genuine(sent, header, "another secret, as long", NOW)
    assert not webhook.genuine(sent, header, SECRET, NOW + timedelta(minutes=6))
    assert not webhook.genuine(sent, "t=x,v1=", SECRET, NOW)


def test_what_is_not_taken_is_said_and_no_redirect_is_followed(receiver):
    url, came, answers = receiver
    answers += [500, 302]
    assert webhook.post(ONE, url, SECRET, at=NOW) == "answered with 500"
    assert webhook.post(ONE, url, SECRET, at=NOW) == "answered with 302"
    assert len(came) == 2
    assert "cannot be reached" in webhook.post(ONE, "http://127.0.0.1:9/", SECRET, at=NOW)


def test_decisions_go_in_their_order_and_each_is_taken_once(receiver, tmp_path):
    url, came, answers = receiver
    settings = Accounts(webhook=url, webhook_secret=SECRET)
    with Casebook(f"sqlite:///{tmp_path}/b.sqlite") as book:
        book.referrals.fill(
            [Referral(account=n, score=0.9, step="hold", changed=NOW) for n in ("a", "b", "c")]
        )
        answers += [200, 503]
        stuck = deliver(book, settings)
        assert (stuck.taken, stuck.waiting, stuck.problem) == (1, 2, "answered with 503")
        assert deliver(book, settings).taken == 2
        assert deliver(book, settings).taken == 0
    assert [json.loads(sent)["account"] for _, sent in came] == ["a", "b", "b", "c"]


@pytest.mark.parametrize(
    ("url", "secret", "words"),
    [("file:///etc/passwd", SECRET, "no address"), ("https://x.example", "short", "at least 16")],
)
def test_what_cannot_be_a_webhook_is_refused(url, secret, words, tmp_path):
    with (
        Casebook(f"sqlite:///{tmp_path}/b.sqlite") as book,
        pytest.raises(WheeltapperError, match=words),
    ):
        deliver(book, Accounts(webhook=url, webhook_secret=secret))
