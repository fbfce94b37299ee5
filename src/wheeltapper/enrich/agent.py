"""The program behind a user agent: operating system, client without version, and kind.

Programs that administrators use are known by rules of our own, since what they call themselves is
what matters here; browsers and bots are known by the ua-parser project's.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import ua_parser

BROWSER, CLI, SDK, MOBILE, BOT, OTHER = "browser", "cli", "sdk", "mobile", "bot", "other"
# A longer one is made to hurt: what matters stands at the front.
_MAX_CHARS = 1_000


@dataclass(frozen=True, slots=True)
class Agent:
    """What a user agent says of itself; None where it does not say."""

    os: str | None
    client: str | None
    kind: str | None


NOBODY = Agent(None, None, None)
# What is looked for, what it is called, what it is. The first that is found counts, so that a
# program stands before the library that it is made with.
_PROGRAMS = tuple(
    (re.compile(pattern), client, kind)
    for pattern, client, kind in (
        (r"\bTerraform/|^terraform\b", "Terraform", CLI),
        (r"\bpulumi", "Pulumi", CLI),
        (r"\bAnsible\b|\bansible-", "Ansible", CLI),
        (r"\baws-cli/", "aws-cli", CLI),
        (r"\baws-internal/", "AWS console", OTHER),
        (r"\bgsutil/", "gsutil", CLI),
        (r"\bgcloud/|^google-cloud-sdk\b", "gcloud", CLI),
        (r"\bAZURECLI/|\bazure-cli\b", "azure-cli", CLI),
        (r"\bAzurePowershell/|\bAzPowershell\b", "Azure PowerShell", CLI),
        (r"\bMicrosoftGraphPowerShell\b", "Graph PowerShell", CLI),
        (r"\bWindowsPowerShell/|\bPowerShell/", "PowerShell", CLI),
        (r"^kubectl/", "kubectl", CLI),
        (r"^helm/|^Helm/", "helm", CLI),
        (r"^git/", "git", CLI),
        (r"^curl/", "curl", CLI),
        (r"^Wget/", "wget", CLI),
        (r"^HTTPie/", "HTTPie", CLI),
        (r"^PostmanRuntime/", "Postman", CLI),
        (r"\bamazon-ssm-agent\b", "amazon-ssm-agent", OTHER),
        (r"\bstratus-red-team", "stratus-red-team", OTHER),
        (r"^kubelet/", "kubelet", OTHER),
        (r"^kube-[a-z-]+/", None, OTHER),
        (r"^ELB-HealthChecker/", "ELB-HealthChecker", BOT),
        (r"^GoogleHC/", "GoogleHC", BOT),
        (r"\bBoto3/|\bboto3/|^aws-sdk-python/", "Boto3", SDK),
        (r"\bBotocore/|\bbotocore/", "Botocore", SDK),
        (r"\baws-sdk-([a-z]+(?:-v\d)?)/", None, SDK),
        (r"\brusoto/", "rusoto", SDK),
        (r"\bazsdk-|\bpython/\S+ .*azure-", "Azure SDK", SDK),
        (r"\bgoogle-api-[a-z]+-client\b", None, SDK),
        (r"\bpython-requests/", "python-requests", SDK),
        (r"\bPython-urllib/", "Python-urllib", SDK),
        (r"^Python-httplib2/", "Python-httplib2", SDK),
        (r"\bpython-httpx/", "python-httpx", SDK),
        (r"\baiohttp/", "aiohttp", SDK),
        (r"^Go-http-client/", "Go-http-client", SDK),
        (r"\bokhttp/", "okhttp", SDK),
        (r"\bApache-HttpClient/", "Apache-HttpClient", SDK),
        (r"^Java/", "Java", SDK),
        (r"^axios/", "axios", SDK),
        (r"\bnode-fetch\b", "node-fetch", SDK),
    )
)
# How tools write the system they run on; ua-parser does not know their forms.
_SYSTEMS = tuple(
    (re.compile(pattern, re.IGNORECASE), name)
    for pattern, name in (
        (r"\bos/macos\b|\bdarwin\b", "Mac OS X"),
        (r"\bos/windows\b|\bwindows\b|\bwin32\b", "Windows"),
        (r"\bos/linux\b|\blinux\b", "Linux"),
    )
)
_MOBILE_SYSTEMS = frozenset({"iOS", "Android"})
# The first word of `name/1.2 …`, `name_0af3…`, `name v1.2`.
_FIRST_PRODUCT = re.compile(r"([A-Za-z][A-Za-z0-9.-]*(?: [A-Z][A-Za-z]+)*)(?=$|[/_;, (])")


def describe(user_agent: str) -> Agent:
    """What a client said it is, with nothing added; never raises, whatever it said."""
    text = user_agent[:_MAX_CHARS].encode("utf-8", "replace").decode()
    return _describe(text.strip().strip("[]"))


@lru_cache(maxsize=100_000)
def _describe(text: str) -> Agent:
    if not text:
        return NOBODY
    for pattern, client, kind in _PROGRAMS:
        if found := pattern.search(text):
            return Agent(_system(text), client or found[0].rstrip("/"), kind)
    parsed = ua_parser.parse(text)
    family = parsed.user_agent.family if parsed.user_agent else None
    system = parsed.os.family if parsed.os else None
    if parsed.device and parsed.device.family == "Spider":
        return Agent(system, family, BOT)
    if text.startswith("Mozilla/"):
        if family is None:
            # Says that it is a browser, and not which.
            return Agent(system, None, BROWSER if system else OTHER)
        return Agent(system, family, MOBILE if system in _MOBILE_SYSTEMS else BROWSER)
    product = _FIRST_PRODUCT.match(text)
    return Agent(system or _system(text), family or (product[1] if product else None), OTHER)


def _system(text: str) -> str | None:
    return next((name for pattern, name in _SYSTEMS if pattern.search(text)), None)
