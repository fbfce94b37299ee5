import json

import pytest

SIGN_IN = {
    "id": "66ea",
    "createdDateTime": "2024-01-09T23:05:31Z",
    "userPrincipalName": "Kim@example.org",
    "appDisplayName": "Azure Portal",
    "ipAddress": "203.0.113.9",
    "correlationId": "c",
    "conditionalAccessStatus": "notApplied",
    "isInteractive": True,
    "status": {"errorCode": 0, "failureReason": "Other.", "additionalDetails": None},
    "deviceDetail": {"displayName": "KIM-PC", "browser": "Edge"},
}
AUDIT = {
    "id": "Directory_1",
    "category": "RoleManagement",
    "activityDisplayName": "Add member to role",
    "activityDateTime": "2024-01-09T23:07:00.5Z",
    "result": "success",
    "resultReason": "",
    "initiatedBy": {
        "app": None,
        "user": {"userPrincipalName": "Kim@example.org", "ipAddress": "203.0.113.9"},
    },
    "targetResources": [{"id": "1", "type": "User", "userPrincipalName": "Lee@example.org"}],
}


def exported(record, category):
    return {
        "time": "2024-01-09T23:05:32Z",
        "category": category,
        "operationName": record.get("activityDisplayName", "Sign-in activity"),
        "callerIpAddress": "203.0.113.9",
        "properties": record,
    }


def test_exported_records(golden):
    golden("entra")


def test_a_sign_in_as_graph_tells_it(activities):
    [act] = activities(SIGN_IN)
    assert act == {
        "native_id": "66ea",
        "time": "2024-01-09T23:05:31+00:00",
        "source": "entra",
        "app": "Entra ID",
        "action": "Sign-in activity",
        "category": "authentication",
        "outcome": "success",
        "actor": "kim@example.org",
        "actor_type": "human",
        "session": "c",
        "target": "Azure Portal",
        "target_type": "application",
        "src_ip": "203.0.113.9",
        "device": "KIM-PC",
    }


@pytest.mark.parametrize(
    ("record", "category"),
    [(SIGN_IN, "SignInLogs"), (AUDIT, "AuditLogs")],
    ids=["sign-in", "audit"],
)
def test_an_export_tells_what_graph_tells(activities, record, category):
    assert activities(exported(record, category)) == activities(record)


def test_a_role_is_given(activities):
    [act] = activities(AUDIT)
    assert (act["category"], act["outcome"]) == ("account_change", "success")
    assert (act["actor"], act["target"], act["target_type"]) == (
        "kim@example.org",
        "lee@example.org",
        "user",
    )


@pytest.mark.parametrize(
    ("code", "outcome"),
    [(0, "success"), (50126, "failure"), (50074, "unknown"), (50140, "unknown")],
)
def test_an_interrupted_sign_in_is_no_failure(activities, code, outcome):
    [act] = activities(SIGN_IN | {"status": {"errorCode": code, "failureReason": "said"}})
    assert (act["outcome"], act["reason"]) == (outcome, "said")


def test_an_application_acts(activities):
    by = {"user": None, "app": {"displayName": "Sync"}}
    [act] = activities(AUDIT | {"initiatedBy": by})
    assert (act["actor"], act["actor_type"]) == ("Sync", "service")


def test_signing_in_again_without_being_there(activities):
    [act] = activities(exported(SIGN_IN, "NonInteractiveUserSignInLogs"))
    assert act["action"] == "Non-interactive sign-in"


def test_of_the_shared_records_only_the_empty_ones_are_rejected(shared, counted):
    found, rejects = counted(shared / "data" / "saas" / "azure_audit.ndjson")
    assert found == {"entra": 10}
    assert all(json.loads(r.raw).get("event", {}) == {} for r in rejects)
