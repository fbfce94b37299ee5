"""Security: who may ask, and what a browser may do with the answer.

The page is made for one reader on one machine, so every other page open in that reader's browser
counts as hostile: it must not read (Host and token are checked, no CORS), must not write (writes
need their own origin and JSON) and must not frame or script (CSP).
"""

import hashlib
import hmac
import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wheeltapper.errors import ConfigError

COOKIE = "wheeltapper"
SHORTEST_TOKEN = 16
LOOPBACK_NAMES = ("localhost",)
CSP = "content-security-policy"
FORM = "application/x-www-form-urlencoded"
HEADERS = {
    CSP: (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


@dataclass(frozen=True, slots=True)
class Public:
    """Addresses that are served without the token, because they are a right by themselves."""

    path: re.Pattern[str]
    """Has to fit the whole path."""
    policy: str
    """Content security policy of these pages."""

    def serves(self, scope: Scope) -> bool:
        return scope["method"] in ("GET", "POST") and bool(self.path.fullmatch(scope["path"]))


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    if host.lower() in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_exposure(host: str, token: str) -> None:
    """Refuse to listen where others can reach without a token worth the name.

    Raises
    ------
    ConfigError
    """
    if is_loopback(host):
        return
    if not token:
        raise ConfigError(
            f"[server] host {host} can be reached from other machines, so a token is needed: "
            'set token in wheeltapper.toml, for instance to what this prints: python -c "import '
            'secrets; print(secrets.token_urlsafe(24))"'
        )
    if len(token) < SHORTEST_TOKEN:
        raise ConfigError(
            f"[server] token has {len(token)} characters; from other machines it can be guessed "
            f"at, so it needs at least {SHORTEST_TOKEN}"
        )


class Guard:
    """ASGI middleware that asks every request for its right to be here."""

    def __init__(
        self, app: ASGIApp, *, host: str, token: str = "", public: Public | None = None,
        told_to_all: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        """`told_to_all`: paths that everybody may read, by any name of this machine."""
        self._app = app
        self._told_to_all = told_to_all
        self._public = public
        self._local_only = is_loopback(host)
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        public = self._public if self._public and self._public.serves(scope) else None
        told = {**HEADERS, CSP: public.policy} if public else HEADERS

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    *((k.encode(), v.encode()) for k, v in told.items()),
                ]
            await send(message)

        if scope["method"] in ("GET", "HEAD") and scope["path"] in self._told_to_all:
            await self._app(scope, receive, sealed)
            return
        if self._local_only and not is_loopback(_host_name(headers.get("host", ""))):
            # A page elsewhere whose name was made to point here (DNS rebinding).
            await _refuse(
                sealed, 403, "this page answers to localhost and 127.0.0.1 only; open it by one"
            )
            return
        if self._token and not public and not self._knows_token(headers):
            await self._ask_for_token(scope, sealed)
            return
        if scope["method"] not in ("GET", "HEAD"):
            wrong = _from_elsewhere(headers) if public else _foreign(headers)
            if wrong:
                await _refuse(sealed, 403, wrong)
                return
        await self._app(scope, receive, sealed)

    def _knows_token(self, headers: Mapping[str, str]) -> bool:
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._is_token(bearer.strip()):
            return True
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and hmac.compare_digest(
            cookie.value.encode(), _pass_of(self._token).encode()
        )

    def _is_token(self, text: str) -> bool:
        return hmac.compare_digest(text.encode(), self._token.encode())

    async def _ask_for_token(self, scope: Scope, send: Send) -> None:
        """A link with the right token becomes a cookie and a link without it."""
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = dict(query).get("token", "")
        if scope["method"] == "GET" and self._is_token(given):
            rest = urlencode([(k, v) for k, v in query if k != "token"])
            # One slash: `//elsewhere` would lead to another site.
            path = "/" + scope.get("raw_path", b"/").decode("latin-1").lstrip("/\\")
            cookie = f"{COOKIE}={_pass_of(self._token)}; Path=/; HttpOnly; SameSite=Strict"
            if scope.get("scheme") == "https":
                cookie += "; Secure"
            location = path + (f"?{rest}" if rest else "")
            await send(
                {
                    "type": "http.response.start",
                    "status": 303,
                    "headers": [
                        (b"location", location.encode("latin-1")),
                        (b"set-cookie", cookie.encode()),
                        (b"cache-control", b"no-store"),
                    ],
                }
            )
            await send({"type": "http.response.body", "body": b""})
            return
        await _refuse(
            send,
            401,
            "a token is needed: open this address with ?token=… once, or send it as Bearer",
        )


def _pass_of(token: str) -> str:
    """What the cookie holds: shows that its bearer knew the token, without being it."""
    return hmac.new(token.encode(), b"wheeltapper page", hashlib.sha256).hexdigest()


def _host_name(host: str) -> str:
    """`127.0.0.1:8642`, `[::1]:8642` or `localhost` without the port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _foreign(headers: Mapping[str, str]) -> str:
    """Why a write is not one of our own page's; empty when it is, or comes from no browser."""
    if _content_type(headers) != "application/json":
        return "a write must be JSON: send content-type: application/json"
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return "a write must come from this page"
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower():
        return "a write must come from this page"
    return ""


def _from_elsewhere(headers: Mapping[str, str]) -> str:
    """Why a form was not sent by one of our public pages.

    Browsers give the origin of a form on a page without referrers as `null`, so that is not looked
    at; who can send it knows the address, which is the right to send it.
    """
    if _content_type(headers) != FORM:
        return f"an answer must be a form: send content-type: {FORM}"
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return "an answer must come from this page"
    return ""


def _content_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


async def _refuse(send: Send, status: int, sentence: str) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"application/json; charset=utf-8"),
                (b"cache-control", b"no-store"),
            ],
        }
    )
    await send(
        {
            "type": "http.response.body",
            "body": json.dumps({"error": sentence}, ensure_ascii=False).encode(),
        }
    )
