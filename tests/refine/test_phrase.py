import pytest

from wheeltapper.refine.guess import Verbs
from wheeltapper.refine.phrase import is_plural, parse, plural, singular, with_article

FORMS = Verbs.load().forms


@pytest.mark.parametrize(
    ("verb", "past", "doing"),
    [
        ("read", "read", "reading"),
        ("delete", "deleted", "deleting"),
        ("stop", "stopped", "stopping"),
        ("copy", "copied", "copying"),
        ("destroy", "destroyed", "destroying"),
        ("be", "was", "being"),
        ("agree", "agreed", "agreeing"),
        ("open", "opened", "opening"),
    ],
)
def test_verbs_inflect(verb, past, doing):
    assert (FORMS.past(verb), FORMS.doing(verb)) == (past, doing)


def test_the_counted_and_the_named_thing():
    attach = parse("attach {a policy} to [a user]")
    assert attach.told(FORMS) == "attached a policy to a user"
    assert attach.told(FORMS, target="kim") == "attached a policy to the user kim"
    assert attach.told(FORMS, count=6) == "attached 6 policies to users"
    assert attach.told(FORMS, count=6, target="kim") == "attached 6 policies to the user kim"
    assert attach.doing(FORMS) == "attaching policies to users"


def test_what_is_named_inside_a_thing():
    read = parse("read {the password of an instance|instance passwords}")
    assert read.told(FORMS, target="i-1") == "read the password of the instance i-1"
    assert read.told(FORMS, count=29) == "read 29 instance passwords"


def test_words_that_are_not_counted_by_s():
    give = parse("give rights to {~someone}")
    assert give.told(FORMS, count=3) == "gave rights to 3 people"
    act = parse("act as [~someone else]")
    assert act.doing(FORMS) == "acting as other people"
    reach = parse("reach into {another program}")
    assert reach.told(FORMS, count=3) == "reached into 3 other programs"
    assert reach.told(FORMS, target="lsass") == "reached into the other program lsass"


def test_without_a_thing_the_act_itself_is_counted():
    sign = parse("sign in to {app}")
    assert sign.told(FORMS, app="Okta", count=41) == "signed in to Okta 41 times"
    assert sign.told(FORMS, app="Okta", target="ignored") == "signed in to Okta"


@pytest.mark.parametrize("text", ["", "Read", "read {}", "read [a", "read a|b", "read {a} {b}"])
def test_what_is_no_phrase_is_refused(text):
    with pytest.raises(ValueError, match=r"verb|nothing|counted"):
        parse(text)


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("policy", "policies"),
        ("key", "keys"),
        ("address", "addresses"),
        ("VPC", "VPCs"),
        ("branch", "branches"),
        ("database", "databases"),
        ("mailbox", "mailboxes"),
    ],
)
def test_plurals_and_back(one, many):
    assert plural(one) == many
    assert singular(many) == one
    assert is_plural(many)
    assert not is_plural(one)


@pytest.mark.parametrize(
    "noun",
    [
        "an account",
        "a user",
        "a unit",
        "an update",
        "an MFA device",
        "a VPC",
        "a SAML provider",
        "an S3 bucket",
        "a NAT gateway",
        "an IAM role",
    ],
)
def test_articles(noun):
    assert with_article(noun.split(" ", 1)[1]) == noun
