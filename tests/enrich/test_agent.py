import pytest

from wheeltapper.enrich.agent import Agent, describe

MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko)"


# As they stand in AWS CloudTrail, Okta, GCP, Kubernetes and GitHub logs.
@pytest.mark.parametrize(
    ("text", "want"),
    [
        (f"{MAC} Chrome/125.0.0.0 Safari/537.36", ("Mac OS X", "Chrome", "browser")),
        (f"[{MAC} Chrome/1.2.3.4 Safari/537.36]", ("Mac OS X", "Chrome", "browser")),
        (
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:102.0) Gecko/20100101 Firefox/102.0",
            ("Ubuntu", "Firefox", "browser"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 11; ONEPLUS A6013) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/104.0.0.0 Mobile Safari/537.36",
            ("Android", "Chrome Mobile", "mobile"),
        ),
        ("Mozilla/5.0 (Windows NT 10.0)", ("Windows", None, "browser")),
        ("Mozilla", (None, "Mozilla", "other")),
        (
            "APN/1.0 HashiCorp/1.0 Terraform/1.1.2 (+https://www.terraform.io) "
            "terraform-provider-aws/3.76.1 (+https://registry.terraform.io) aws-sdk-go/1.44.157 "
            "(go1.19.3; linux; amd64) HashiCorp-terraform-exec/0.17.3",
            ("Linux", "Terraform", "cli"),
        ),
        (
            "aws-cli/1.11.76 Python/2.7.10 Darwin/17.7.0 botocore/1.5.39",
            ("Mac OS X", "aws-cli", "cli"),
        ),
        (
            "aws-cli/2.15.59 md/awscrt#0.19.19 ua/2.0 os/macos#22.6.0 md/arch#arm64",
            ("Mac OS X", "aws-cli", "cli"),
        ),
        ("aws-cli/2.13.5 Python/3.11.4", (None, "aws-cli", "cli")),
        (
            "[Boto3/1.26.165 Python/3.10.6 Linux/5.19.0-46-generic Botocore/1.29.165]",
            ("Linux", "Boto3", "sdk"),
        ),
        (
            "aws-sdk-go/1.41.4 (go1.18.3; linux; amd64) amazon-ssm-agent/",
            ("Linux", "amazon-ssm-agent", "other"),
        ),
        ("aws-sdk-go/1.15.12 (go1.12.6; linux; amd64)", ("Linux", "aws-sdk-go", "sdk")),
        ("aws-sdk-go-v2/1.16 os/windows lang/go", ("Windows", "aws-sdk-go-v2", "sdk")),
        (
            "[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.488 Linux/5.10.184 java/1.8.0_372]",
            ("Linux", "AWS console", "other"),
        ),
        (
            "stratus-red-team_39f95f43-cd2f-4beb-b69e-be60b6fe1f57",
            (None, "stratus-red-team", "other"),
        ),
        ("secretsmanager.amazonaws.com", (None, "secretsmanager.amazonaws.com", "other")),
        ("AWS Internal", (None, "AWS Internal", "other")),
        (
            "kubectl/v1.28.2 (darwin/amd64) kubernetes/89a4ea3",
            ("Mac OS X", "kubectl", "cli"),
        ),
        ("kube-controller-manager/v1.28.0", (None, "kube-controller-manager", "other")),
        ("Go-http-client/2.0", (None, "Go-http-client", "sdk")),
        ("python-requests/2.28.0", (None, "python-requests", "sdk")),
        (
            "apitools Python/3.13.7 gsutil/5.35 (linux) analytics/enabled",
            ("Linux", "gsutil", "cli"),
        ),
        (
            "google-cloud-sdk gcloud/548.0.0 command/gcloud.kms.keys.versions.disable",
            (None, "gcloud", "cli"),
        ),
        ("git/2.30.2", (None, "git", "cli")),
        ("ELB-HealthChecker/2.0", (None, "ELB-HealthChecker", "bot")),
        (
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            (None, "Googlebot", "bot"),
        ),
        ("launch/production", (None, "launch", "other")),
        ("Okta-Integrations", (None, "Okta-Integrations", "other")),
        ("<Victim browser user agent>", (None, None, "other")),
        ("68319f60-9dec-43b2-9702-de3a08c9d8a3", (None, None, "other")),
        ("", (None, None, None)),
        ("  ", (None, None, None)),
    ],
)
def test_real_agents(text, want):
    assert describe(text) == Agent(*want)


@pytest.mark.parametrize(
    "text",
    ["Mozilla/5.0 (" * 100_000, "a" * 1_000_000, "\0\udc80", "((((", "aws-sdk-/", "/" * 5_000],
    ids=range(6),
)
def test_hostile_agents_are_described_as_something(text):
    assert isinstance(describe(text), Agent)
