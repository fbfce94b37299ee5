import pytest

from wheeltapper.refine.guess import Verbs

VERBS = Verbs.load()


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("DescribeDBSnapshots", "looked up DB snapshots"),
        ("CreateDBInstanceReadReplica", "created a DB instance read replica"),
        ("AddRoleToInstanceProfile", "added a role to an instance profile"),
        ("repo.create", "created a repo"),
        ("user_deleted", "deleted a user"),
        ("group-removal", "removed a group"),
        ("CHANGE_EMAIL_SETTING", "changed an email setting"),
        ("addUserToAdminGroup", "added a user to an admin group"),
        ("v1.compute.firewalls.insert", "created a firewall"),
        ("google.logging.v2.ConfigServiceV2.DeleteSink", "deleted a sink"),
        ("Microsoft.Compute/virtualMachines/delete", "deleted a virtual machine"),
        ("s3:GetObject", "looked up an object"),
        ("Add member to role.", "added a member to a role"),
        ("UserLoggedIn", "signed in"),
        ("samlLogin", "signed in (SAML)"),
        ("Sign-in activity", "signed in"),
        ("user_login_succeeded", "signed in"),
        ("io.k8s.core.v1.pods.list", "listed pods"),
        ("update", "changed something"),
        ("fcoa", "performed “fcoa”"),
        ("4624", "performed “4624”"),
        ("Überweisung", "performed “Überweisung”"),
    ],
)
def test_names_of_many_interfaces(action, told):
    assert VERBS.phrase(action).told(VERBS.forms) == told


def test_every_verb_that_is_a_phrase_inflects_its_first_word():
    for word, verb in VERBS.verbs.items():
        past = VERBS.forms.past(verb.say.split(" ")[0])
        assert past, word
        assert 0 <= verb.severity <= 6, word


def test_what_changes_a_guard_weighs_more():
    assert VERBS.phrase("disable_mfa").severity > VERBS.phrase("disable_banner").severity
    assert VERBS.phrase("get_password").severity > VERBS.phrase("get_banner").severity
