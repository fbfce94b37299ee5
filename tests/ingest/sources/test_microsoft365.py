import pytest

MAIL = {
    "CreationTime": "2024-05-02T08:11:09",
    "Id": "7f1e",
    "Operation": "New-InboxRule",
    "OrganizationId": "o",
    "RecordType": 1,
    "ResultStatus": "True",
    "UserKey": "1003",
    "UserType": 2,
    "Workload": "Exchange",
    "ClientIP": "203.0.113.9:52110",
    "ObjectId": "kim\\hide",
    "UserId": "Kim@Example.org",
    "SessionId": "s-1",
}
FILE = {
    "CreationTime": "2024-05-02T08:12:00",
    "Id": "8a",
    "Operation": "FileDownloaded",
    "OrganizationId": "o",
    "RecordType": 6,
    "UserType": 0,
    "Workload": "OneDrive",
    "ClientIP": "2001:db8::1",
    "ObjectId": "https://example.sharepoint.com/plan.docx",
    "UserId": "kim@example.org",
    "ItemType": "File",
    "UserAgent": "Mozilla/5.0",
    "FileSizeBytes": 2048,
    "AppAccessContext": {"AADSessionId": "a-1"},
}


def test_sign_ins(golden):
    golden("microsoft365")


def test_a_mail_rule(activities):
    [act] = activities(MAIL)
    assert act == {
        "native_id": "7f1e",
        "time": "2024-05-02T08:11:09+00:00",
        "source": "microsoft365",
        "app": "Exchange",
        "action": "New-InboxRule",
        "category": "admin",
        "outcome": "success",
        "actor": "kim@example.org",
        "actor_type": "human",
        "session": "s-1",
        "target": "kim\\hide",
        "target_type": "object",
        "src_ip": "203.0.113.9",
    }


def test_a_download(activities):
    [act] = activities(FILE)
    assert (act["category"], act["target_type"], act["bytes"]) == ("data_access", "file", 2048)
    assert (act["session"], act["user_agent"]) == ("a-1", "Mozilla/5.0")


def test_somebody_elses_mailbox(activities):
    own = {"Operation": "MailItemsAccessed", "MailboxOwnerUPN": "Kim@Example.org"}
    boss = own | {"MailboxOwnerUPN": "boss@example.org", "OperationCount": 3}
    mine, theirs = activities(MAIL | own, MAIL | boss)
    assert "on_behalf_of" not in mine
    assert (theirs["on_behalf_of"], theirs["count"]) == ("boss@example.org", 3)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"UserType": 4}, "system"),
        ({"UserType": 5}, "service"),
        ({"UserId": "NT AUTHORITY\\SYSTEM (w3wp)"}, "system"),
        ({"UserId": "ServicePrincipal_1234"}, "service"),
        ({"UserType": 10}, "human"),
    ],
)
def test_who_is_no_human(activities, change, kind):
    assert activities(MAIL | change)[0]["actor_type"] == kind


def test_a_role_is_given(activities):
    [act] = activities(
        {
            "CreationTime": "2024-05-02T08:11:09",
            "Operation": "Add member to role.",
            "RecordType": 8,
            "ResultStatus": "Success",
            "Workload": "AzureActiveDirectory",
            "UserId": "admin@example.org",
            "Target": [{"ID": "User_1", "Type": 2}, {"ID": "Lee@example.org", "Type": 5}],
        }
    )
    assert (act["app"], act["action"], act["category"]) == (
        "Entra ID",
        "Add member to role",
        "account_change",
    )
    assert (act["target"], act["target_type"]) == ("lee@example.org", "account")
