import gzip
import json
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheeltapper.errors import ConfigError
from wheeltapper.refine.words import FOLDER, Vocabulary

AWS = ("aws_cloudtrail", "secretsmanager.amazonaws.com", "GetSecretValue")


@pytest.fixture(scope="module")
def words():
    return Vocabulary.load()


def shown(text):
    """One line that nothing in it can turn, hide or break."""
    assert text
    assert text == text.strip()
    assert not [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    return True


class TestAct:
    def test_many_one_and_one_that_is_named(self, words):
        assert words.act(*AWS, count=60) == "read 60 secrets"
        assert words.act(*AWS, count=1203) == "read 1,203 secrets"
        assert words.act(*AWS) == "read a secret"
        assert words.act(*AWS, target="prod/db") == "read the secret prod/db"
        assert words.act(*AWS, count=2, target="prod/db") == "read the secret prod/db twice"

    def test_what_was_tried_is_not_told_as_done(self, words):
        refused = {"outcome": "failure", "reason": "AccessDenied"}
        passwords = ("aws_cloudtrail", "EC2", "GetPasswordData")
        assert words.act(*AWS, **refused) == "was denied reading a secret"
        assert words.act(*passwords, count=29, **refused) == (
            "was denied reading 29 instance passwords"
        )
        assert words.act(*passwords, target="i-0abc", outcome="failure") == (
            "failed to read the password of the instance i-0abc"
        )

    def test_failing_for_another_reason_is_no_denial(self, words):
        bucket = ("aws_cloudtrail", "S3", "GetBucketPolicy")
        told = words.act(*bucket, outcome="failure", reason="NoSuchBucketPolicy")
        assert told == "failed to look up the access rules of a bucket"

    def test_a_sign_in_fails_whatever_the_reason(self, words):
        okta = ("okta", "Okta", "user.session.start")
        assert words.act(*okta) == "signed in to Okta"
        assert words.act(*okta, outcome="failure", reason="LOCKED_OUT by policy") == (
            "failed to sign in to Okta"
        )
        assert words.act(*okta, count=41, outcome="failure") == (
            "failed to sign in to Okta 41 times"
        )

    def test_an_outcome_that_the_log_does_not_tell_is_no_failure(self, words):
        assert words.act(*AWS, outcome="unknown") == "read a secret"

    def test_what_happened_to_somebody_did_not_fail(self, words):
        assert words.act("okta", "Okta", "user.account.lock", outcome="failure") == "was locked out"

    def test_a_long_name_is_shortened_in_the_middle(self, words):
        arn = "arn:aws:cloudtrail:us-east-1:012345678901:trail/" + "stratus-red-team-" + "x" * 60
        told = words.act("aws_cloudtrail", "CloudTrail", "DeleteTrail", target=arn)
        assert told.startswith("deleted the audit trail stratus-red-team-")
        assert len(told) <= len("deleted the audit trail ") + 40
        assert "…" in told

    def test_another_interface_version_is_the_same_act(self, words):
        assert words.act("aws_cloudtrail", "Lambda", "UpdateFunctionCode20150331v2") == (
            "replaced the code of a function"
        )

    def test_the_same_name_means_what_it_means_in_its_application(self, words):
        assert (
            words.noun("aws_cloudtrail", "iam.amazonaws.com", "GetPolicy") == "looking up policies"
        )
        assert words.noun("aws_cloudtrail", "lambda.amazonaws.com", "GetPolicy") == (
            "looking up who may call functions"
        )

    def test_a_commit_names_its_file_alone(self, words):
        told = words.act("git", "php", "commit", target="ext/zlib/zlib.c")
        assert told == "committed to ext/zlib/zlib.c"


class TestSeverity:
    def test_from_looking_around_to_the_end_of_the_audit_trail(self, words):
        aws = "aws_cloudtrail"
        ladder = [
            words.severity(aws, "ec2.amazonaws.com", "DescribeInstances"),
            words.severity(aws, "signin.amazonaws.com", "ConsoleLogin"),
            words.severity(*AWS),
            words.severity(aws, "s3.amazonaws.com", "DeleteBucket"),
            words.severity(aws, "cloudtrail.amazonaws.com", "StopLogging"),
        ]
        assert ladder == [0, 1, 4, 5, 6]

    def test_an_unknown_act_on_a_guard_or_a_secret_weighs_more(self, words):
        assert words.severity("shop", "Shop", "getSecret") == 3
        assert words.severity("shop", "Shop", "listSecrets") == 0
        assert words.severity("shop", "Shop", "admin_role_deleted") > words.severity(
            "shop", "Shop", "banner_deleted"
        )

    @given(source=st.sampled_from(["aws_cloudtrail", "okta", "x"]), action=st.text(max_size=80))
    def test_is_always_within_its_bounds(self, words, source, action):
        assert 0 <= words.severity(source, "App", action) <= 6


class TestHostileText:
    @given(
        source=st.sampled_from(["aws_cloudtrail", "okta", "gcp", "git", "nobody"]),
        app=st.text(max_size=60),
        action=st.text(max_size=120),
        target=st.text(max_size=120),
        count=st.integers(-5, 10**12),
        outcome=st.sampled_from(["success", "failure", "unknown"]),
    )
    def test_every_name_gives_a_line_that_can_be_shown(
        self, words, source, app, action, target, count, outcome
    ):
        assert shown(words.act(source, app, action, count, target, outcome))
        assert shown(words.noun(source, app, action))
        assert shown(words.app(source, app))

    @pytest.mark.parametrize(
        "target",
        [
            "\x1b[31mred\x07",
            "a\u202eexe.cod",
            "a\u200bb\u2066c",
            "line\r\nbreak",
            "\ud800",
            "\0" * 50,
        ],
    )
    def test_nothing_in_a_name_reaches_the_terminal(self, words, target):
        assert shown(words.act("git", "php", "commit", target=target))

    def test_braces_in_a_name_mean_nothing(self, words):
        assert words.act("git", "php", "commit", target="{app} [a]") == "committed to {app} [a]"
        assert words.act("x", "X", "{~a}|[b] {app}") == "performed “{~a}|[b] {app}”"

    def test_a_huge_name_is_cut(self, words):
        assert len(words.act("x", "X", "a." * 10**6, target="y" * 10**6)) < 200


class TestUsersOwnFiles:
    def test_an_own_entry_wins_and_the_others_stay(self, tmp_path):
        (tmp_path / "aws_cloudtrail.toml").write_text(
            '["Secrets Manager"]\nGetSecretValue = { act = "open {a vault}", severity = 1 }\n'
        )
        words = Vocabulary.load(tmp_path)
        assert words.act(*AWS, count=3) == "opened 3 vaults"
        assert words.severity(*AWS) == 1
        assert words.noun("aws_cloudtrail", "Secrets Manager", "DeleteSecret") == "deleting secrets"

    def test_a_new_source_is_a_new_file(self, tmp_path):
        (tmp_path / "shop.toml").write_text(
            '["The shop | shop-prod"]\nREFUND = "pay back {an order}"\n'
        )
        words = Vocabulary.load(tmp_path)
        assert words.act("shop", "shop-prod", "refund", 7) == "paid back 7 orders"
        assert words.app("shop", "shop-prod") == "The shop"

    @pytest.mark.parametrize(
        ("line", "says"),
        [
            ('A = "Read {a secret}"', "must begin with a verb"),
            ('A = "read {a secret"', "where it means nothing"),
            ('A = "read {a} {b}"', "one {thing that is counted}"),
            ('A = { act = "read", severity = 7 }', "from 0 to 6"),
            ('A = { act = "read", severity = "high" }', "must be a number"),
            ('A = { act = "read", sevrity = 1 }', "sevrity is not known"),
            ("A = 3", "write it like"),
        ],
    )
    def test_a_mistake_is_named_with_its_line(self, tmp_path, line, says):
        (tmp_path / "shop.toml").write_text(f'["Shop"]\nB = "open {{a door}}"\n{line}\n')
        with pytest.raises(ConfigError, match=rf"shop\.toml:3: A: .*{says}"):
            Vocabulary.load(tmp_path)

    def test_an_entry_under_no_application_is_named(self, tmp_path):
        (tmp_path / "shop.toml").write_text('A = "open {a door}"\n')
        with pytest.raises(ConfigError, match=r"shop\.toml:1: A stands under no application"):
            Vocabulary.load(tmp_path)

    def test_broken_toml_is_named(self, tmp_path):
        (tmp_path / "shop.toml").write_text("[")
        with pytest.raises(ConfigError, match=r"shop\.toml: not valid TOML"):
            Vocabulary.load(tmp_path)


def test_values_and_categories(words):
    assert words.value("country", "NG") == "Nigeria"
    assert words.category("account_change") == "account changes"
    berlin = Vocabulary.load(timezone="Europe/Berlin")
    noon = datetime(2023, 7, 10, 11, 54, tzinfo=UTC)
    assert berlin.value("time", noon) == "Mon 10 Jul 2023, 13:54"


def test_every_packaged_file_is_read(words):
    assert len(list(FOLDER.glob("*.toml"))) > 8


def test_every_real_cloudtrail_action_has_words(shared, words):
    seen = set()
    for path in sorted((shared / "data" / "cloudtrail").glob("*.json.gz")):
        for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]:
            seen.add((record["eventSource"], record["eventName"]))
    assert len(seen) > 200
    for app, action in seen:
        assert "“" not in words.act("aws_cloudtrail", app, action), action
        assert words.knows("aws_cloudtrail", app, action) or action.startswith("Describe"), action
