"""CloudTrail: who really acted, on what, and what it was."""

import pytest

BASE = {
    "eventVersion": "1.08",
    "eventTime": "2026-03-02T09:00:00Z",
    "eventSource": "s3.amazonaws.com",
    "eventName": "ListBuckets",
    "awsRegion": "eu-west-1",
    "sourceIPAddress": "192.0.2.44",
    "eventID": "e-1",
    "readOnly": True,
}
ROLE = "arn:aws:sts::123456789012:assumed-role"
ISSUER = {"type": "Role", "arn": "arn:aws:iam::123456789012:role/Ops", "userName": "Ops"}


def test_recorded_hour(golden):
    golden("aws_cloudtrail", "records.json")


def test_further_identities(golden):
    golden("aws_cloudtrail", "shapes.ndjson", "golden-shapes.ndjson")


def who(activities, **identity):
    [act] = activities(BASE | {"userIdentity": identity})
    return act.get("actor"), act.get("actor_type"), act.get("on_behalf_of")


def session(name: str) -> dict[str, object]:
    return {
        "type": "AssumedRole",
        "arn": f"{ROLE}/Ops/{name}",
        "principalId": f"AROA:{name}",
        "sessionContext": {"sessionIssuer": ISSUER},
    }


@pytest.mark.parametrize("name", ["kim@example.com", "kim", "kim.de-vries", "k.m_1"])
def test_a_session_named_like_a_person_is_that_person(activities, name):
    assert who(activities, **session(name)) == (name, "human", ISSUER["arn"])


@pytest.mark.parametrize(
    "name",
    [
        "i-0dbc91f429e48eeed",
        "aws-go-sdk-1688990082523310002",
        "aws-sdk-js-session-1688990082523",
        "botocore-session-1688990082",
        "1688990082523310002",
        "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        "12345678-1234-1234-1234-123456789012",
        "AWSCodeBuild-1f2e",
        "GitHubActions",
        "worker-1688990082",
    ],
)
def test_a_session_named_by_a_machine_is_its_role(activities, name):
    assert who(activities, **session(name)) == ("Ops", "service", ISSUER["arn"])


def test_a_source_identity_is_the_human_behind_a_role(activities):
    identity = session("botocore-session-1688990082")
    identity["sessionContext"] = {"sessionIssuer": ISSUER, "sourceIdentity": "kim@example.com"}
    assert who(activities, **identity) == ("kim@example.com", "human", ISSUER["arn"])


def test_an_aws_service_that_acts_for_somebody(activities):
    arn = "arn:aws:iam::123456789012:user/kim"
    user = {"type": "IAMUser", "userName": "kim", "arn": arn}
    assert who(activities, **user) == ("kim", "human", None)
    service = "cloudformation.amazonaws.com"
    assert who(activities, **user, invokedBy=service) == (service, "service", arn)
    # What the console does is done by whoever looks at it.
    assert who(activities, **user, invokedBy="AWS Internal") == ("kim", "human", None)
    assert who(activities, **user, invokedBy="signin.amazonaws.com") == ("kim", "human", None)


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        ({"type": "Root", "arn": "arn:aws:iam::1:root", "userName": "shop"}, ("root", "human")),
        (
            {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"},
            ("ec2.amazonaws.com", "service"),
        ),
        ({"type": "SAMLUser", "userName": "kim@example.com"}, ("kim@example.com", "human")),
        ({"type": "FederatedUser", "arn": "arn:aws:sts::1:federated-user/kim"}, ("kim", "human")),
        ({"type": "IAMUser", "arn": "arn:aws:iam::1:user/team/kim"}, ("kim", "human")),
        ({"type": "WebIdentityUser", "userName": "repo:o/r:ref"}, ("repo:o/r:ref", "service")),
        (
            {"type": "AWSAccount", "accountId": "ANONYMOUS_PRINCIPAL", "principalId": ""},
            ("anonymous", "anonymous"),
        ),
        ({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1"}}, ("u-1", "human")),
        (
            {"type": "AssumedRole", "arn": f"{ROLE}/AWSServiceRoleForRDS/SLRManagement"},
            ("AWSServiceRoleForRDS", "service"),
        ),
        ({}, (None, None)),
    ],
)
def test_identities(activities, identity, expected):
    assert who(activities, **identity)[:2] == expected


def test_a_failed_sign_in(activities):
    [act] = activities(
        BASE
        | {
            "eventSource": "signin.amazonaws.com",
            "eventName": "ConsoleLogin",
            "userIdentity": {"type": "IAMUser", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS"},
            "errorMessage": "No username found in supplied account",
            "responseElements": {"ConsoleLogin": "Failure"},
        }
    )
    assert act["app"] == "AWS sign-in"
    assert (act["category"], act["outcome"]) == ("authentication", "failure")
    assert act["reason"] == "No username found in supplied account"
    assert "actor" not in act


@pytest.mark.parametrize(
    ("source", "name", "read_only", "category"),
    [
        ("sts", "AssumeRole", True, "authentication"),
        ("sts", "GetSessionToken", True, "authentication"),
        ("iam", "CreateAccessKey", False, "account_change"),
        ("iam", "ListUsers", True, "other"),
        ("s3", "GetObject", True, "data_access"),
        ("s3", "DeleteObject", False, "data_access"),
        ("s3", "PutBucketPolicy", False, "admin"),
        ("secretsmanager", "GetSecretValue", True, "data_access"),
        ("ssm", "GetParameter", True, "data_access"),
        ("ssm", "SendCommand", False, "process"),
        ("ec2", "GetPasswordData", True, "data_access"),
        ("ec2", "DescribeInstances", None, "other"),
        ("ec2", "RunInstances", None, "admin"),
        ("organizations", "LeaveOrganization", False, "account_change"),
    ],
)
def test_categories(activities, source, name, read_only, category):
    more = {"eventSource": f"{source}.amazonaws.com", "eventName": name, "readOnly": read_only}
    [act] = activities(BASE | more)
    assert (act["action"], act["category"]) == (name, category)


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("UpdateFunctionCode20150331v2", "UpdateFunctionCode"),
        ("GetDistribution2020_05_31", "GetDistribution"),
        ("ListBuckets", "ListBuckets"),
    ],
)
def test_the_version_of_an_api_is_no_part_of_an_action(activities, name, action):
    [act] = activities(BASE | {"eventName": name})
    assert act["action"] == action


@pytest.mark.parametrize(
    ("parameters", "target", "kind"),
    [
        ({"bucketName": "b", "key": "a/k.txt"}, "b/a/k.txt", "object"),
        ({"bucketName": "b"}, "b", "bucket"),
        ({"secretId": "s"}, "s", "secret"),
        ({"userName": "u", "policyArn": "p"}, "u", "user"),
        ({"roleName": "r", "policyArn": "p"}, "r", "role"),
        ({"instancesSet": {"items": [{"instanceId": "i-1"}]}}, "i-1", "instance"),
        ({"dBInstanceIdentifier": "d"}, "d", "database"),
        (None, None, None),
        ("a text", None, None),
    ],
)
def test_targets(activities, parameters, target, kind):
    [act] = activities(BASE | {"requestParameters": parameters})
    assert (act.get("target"), act.get("target_type")) == (target, kind)


def test_an_address_is_an_address(activities):
    [act] = activities(BASE | {"sourceIPAddress": "cloudformation.amazonaws.com"})
    assert "src_ip" not in act
    [act] = activities(BASE)
    assert act["src_ip"] == "192.0.2.44"


def test_the_whole_hour(counted, shared):
    found, rejects = counted(shared / "data" / "cloudtrail")
    assert (found, rejects) == ({"aws_cloudtrail": 2900}, [])
