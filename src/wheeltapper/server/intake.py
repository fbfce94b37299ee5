"""Intake: logs that programs send by HTTP, and how those who run the process look after it.

A body is safe in the spool before it is answered with 200; what becomes of it is the follower's
work, in the same process. Bodies are logs of anybody, so nothing in one is looked at here. Whoever
sends, or reads the figures, shows a token; whether the process is well is told to everybody.
"""

import contextlib
import errno
import hmac
import logging
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import uvicorn
from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from wheeltapper.engines.local.meters import Meters
from wheeltapper.engines.local.spool import About, Spool
from wheeltapper.errors import ConfigError
from wheeltapper.server.health import HEALTH, READY, Health, Ready, answered
from wheeltapper.server.security import SHORTEST_TOKEN
from wheeltapper.server.serve import listen

TOKEN = "WHEELTAPPER_INTAKE_TOKEN"  # noqa: S105  # the name of a variable
TOKEN_FILE = Path("state") / "intake-token"
STALLED_S = 900.0
"""A pass that does not get on for so long hangs."""
RETRY_AFTER_S = "10"
_log = logging.getLogger(__name__)


class Taken(BaseModel):
    """What was taken."""

    bytes: int
    """Of the body as it was sent."""
    id: str
    """Of the entry in the spool; empty for an empty body."""


class Refusal(BaseModel):
    """Why not, and what to do."""

    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the intake works with."""

    spool: Spool
    meters: Meters
    token: str
    sources: frozenset[str]
    """Log kinds that can be named."""
    max_body_bytes: int
    checks: Mapping[str, Callable[[], str]]
    """Of readiness, by name: each says what is wrong, or nothing."""


def token_of(root: Path, setting: str) -> tuple[str, str]:
    """The token that senders show, and where it is from: environment, settings, or a file.

    The file is made, with a token nobody can guess, where none of the three says one.

    Raises
    ------
    ConfigError   for one that can be guessed.
    """
    given = os.environ.get(TOKEN, ""), setting
    for token, where in zip(given, (TOKEN, "[intake] token"), strict=True):
        if token and len(token) < SHORTEST_TOKEN:
            raise ConfigError(
                f"{where} has {len(token)} characters and can be guessed at; it needs at least "
                f"{SHORTEST_TOKEN}"
            )
        if token:
            return token, where
    path = root / TOKEN_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
    token = path.read_text(encoding="ascii").strip()
    if len(token) < SHORTEST_TOKEN:
        raise ConfigError(f"{path} holds no token; take it away, and a new one is made")
    return token, str(path)


def create(desk: Desk) -> FastAPI:
    """The web application."""
    app = FastAPI(
        title="wheeltapper intake", docs_url=None, redoc_url=None, openapi_url="/openapi.json"
    )

    def known(request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        good = hmac.compare_digest(given.strip().encode(), desk.token.encode())
        if scheme.lower() != "bearer" or not good:
            raise _refused(desk, 401, "send the token: Authorization: Bearer TOKEN")

    refusals = {code: {"model": Refusal} for code in (401, 413, 422, 429, 503)}

    @app.post("/ingest", responses=refusals)  # type: ignore[arg-type]  # int is a key as well
    async def take(request: Request, source: Annotated[str, Query(max_length=100)] = "") -> Taken:
        """Take records of one log kind: lines, or a document; as they are, or gzip.

        `source` names the kind, where it is not to be found out.
        """
        known(request)
        if source and source not in desk.sources:
            raise _refused(desk, 422, f"no log kind is called {source!r}")
        length = request.headers.get("content-length", "0")
        if length.isascii() and length.isdigit() and int(length) > desk.max_body_bytes:
            raise _too_large(desk)
        if desk.spool.full:
            raise _refused(desk, 429, "the spool is full: wait, then send it again", retry=True)
        try:
            return await _spooled(desk, request, source)
        except OSError as error:
            why = "the disk is full" if error.errno == errno.ENOSPC else "the disk does not take it"
            _log.error("a body was not taken: %s", error)
            raise _refused(desk, 503, f"{why}: wait, then send it again", retry=True) from error

    @app.get(HEALTH, responses={503: {"model": Health}})
    def healthy() -> Response:
        """Whether the process lives and its work gets on."""
        return answered(Health(ok=desk.meters.still_s < STALLED_S))

    @app.get(READY, responses={503: {"model": Ready}})
    def ready() -> Response:
        """Whether lake and casebook can be reached, and the spool has room."""
        return answered(Ready.of(desk.checks))

    @app.get("/metrics")
    def metrics(request: Request) -> Response:
        """All figures, as Prometheus reads them."""
        known(request)
        return Response(desk.meters.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.exception_handler(HTTPException)
    async def stated(_: Request, error: HTTPException) -> Response:
        return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)

    return app


async def _spooled(desk: Desk, request: Request, source: str) -> Taken:
    with desk.spool.draft(About(origin="http", source=source)) as draft:
        async for block in request.stream():
            if draft.size_bytes + len(block) > desk.max_body_bytes:
                raise _too_large(desk)
            await run_in_threadpool(draft.write, block)
        if not draft.size_bytes:
            return Taken(bytes=0, id="")
        entry = await run_in_threadpool(draft.keep)
    desk.meters.received_bytes.inc(entry.size_bytes)
    return Taken(bytes=entry.size_bytes, id=entry.folder.name)


def _too_large(desk: Desk) -> HTTPException:
    limit = desk.max_body_bytes / (1 << 20)
    return _refused(
        desk, 413, f"larger than {limit:g} MiB ([intake] max_body_mib): send it in parts"
    )


def _refused(desk: Desk, status: int, sentence: str, *, retry: bool = False) -> HTTPException:
    desk.meters.refused.labels(str(status)).inc()
    return HTTPException(status, sentence, {"retry-after": RETRY_AFTER_S} if retry else None)


@contextlib.contextmanager
def listening(desk: Desk, host: str, port: int) -> Iterator[int]:
    """Take what is sent to an address while in this context; the port, which 0 leaves open.

    Raises
    ------
    WheeltapperError   the address cannot be had.
    """
    with listen(host, port) as socket:
        settings = uvicorn.Config(
            create(desk), log_config=None, access_log=False, server_header=False,
            timeout_graceful_shutdown=10, limit_concurrency=64,
        )  # fmt: skip
        server = uvicorn.Server(settings)
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [socket]}, name="wheeltapper-intake", daemon=True
        )
        thread.start()
        try:
            yield int(socket.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()
