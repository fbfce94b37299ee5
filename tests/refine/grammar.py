"""What a sentence must not look like, whatever it is made from."""

import re
import unicodedata

OBEYED = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
"""Unicode's categories of what a terminal or a page obeys."""
SLIPS = {
    "two spaces": re.compile(r"  "),
    "a space before a comma": re.compile(r" [,;.:]"),
    "nothing where something is": re.compile(r"\b(?:None|nan|null)\b"),
    "an unfilled place": re.compile(r"\{(?:did|value|count|app|doing)\}"),
    "one of many": re.compile(r"(?<![\d,.])1 (?!byte)[a-z]+[^siu]s\b(?! (?:are|is))"),
    "a plural of a plural": re.compile(r"[A-Za-z](?:ses|ies)es\b"),
    "a for an": re.compile(r"\ba [aeio](?!ne\b)[a-z]"),
    "an for a": re.compile(r"\ban [bcdfgjkpqtvwyz]"),
    "two articles": re.compile(r"\b(?:an?|the) (?:an?|the)\b"),
}
API_NAME = re.compile(r"\b(?:[A-Z][a-z]+){2,}\b|\b[a-z]+(?:_[a-z]+)+\b|\b[a-z]+\.[a-z]+\.[a-z]+\b")
"""`GetObject`, `pam_failure`, `user.session.start`."""
SPOKEN = {"PowerShell", "OpenSearch", "DevOps", "GuardDuty", "SageMaker", "WhatsApp", "YouTube"}
"""Names that are written so."""


def slips(text: str) -> list[str]:
    """What is wrong with a phrase or a sentence."""
    return [slip for slip, looks in SLIPS.items() if looks.search(text)]


def api_names(text: str) -> list[str]:
    """Names of an interface that have got into the words."""
    return [name for name in API_NAME.findall(text) if name not in SPOKEN]


def obeyed(text: str) -> set[str]:
    """What in it a terminal would obey."""
    return {c for c in text if unicodedata.category(c) in OBEYED}
