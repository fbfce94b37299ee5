"""App: the routes of the page and of the API behind it.

What the page needs to know comes from `/api`; everything else is the page itself, built from `ui/`
into `static`. Without it the API still answers.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from pydantic import AwareDatetime

from wheeltapper.case import Case, CaseFinding
from wheeltapper.errors import WheeltapperError
from wheeltapper.server import asking, cases, confirm, events, history, review
from wheeltapper.server.activity import LaneBook
from wheeltapper.server.answers import (
    ActivityView,
    Ask,
    AskedView,
    CaseList,
    CaseView,
    Ended,
    EventList,
    EventView,
    Hide,
    HidingView,
    HistoryView,
    Judgement,
    KindView,
    Lane,
    LetterView,
    Overview,
    Problem,
    Reader,
    Status,
    SuppressionList,
)
from wheeltapper.server.health import HEALTH, READY, Health, Ready, answered
from wheeltapper.server.overview import Looked
from wheeltapper.server.security import Guard, check_exposure
from wheeltapper.server.suppressions import Suppressing
from wheeltapper.server.view import View

STATIC = Path(__file__).parent / "static"
NOT_BUILT = (
    "The page is not built yet; the API under /api answers already.\n"
    "Build it in the checkout with:  make ui   (or: cd ui && npm ci && npm run build)\n"
)
_Limit = Annotated[int, Query(ge=1, le=1000)]
_Offset = Annotated[int, Query(ge=0)]
_EventId = Annotated[str, Query(pattern="^[0-9a-f]{32}$")]


def create(
    view: View, *, host: str = "127.0.0.1", token: str = "", static: Path = STATIC
) -> FastAPI:
    """The web application for one workspace, guarded for being served on `host`.

    Raises
    ------
    ConfigError   when `host` can be reached from elsewhere and there is no token worth the name.
    """
    check_exposure(host, token)
    app = FastAPI(
        title="wheeltapper",
        docs_url=None,  # it would load scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/openapi.json",
        responses={404: {"model": Problem}, 422: {"model": Problem}},
    )
    app.include_router(_routes(view), prefix="/api")
    app.include_router(review.routes(view), prefix="/api")
    app.include_router(confirm.routes(view))
    _health(app, view)
    _page(app, static)
    _problems(app)
    app.add_middleware(
        Guard, host=host, token=token, public=confirm.PUBLIC,
        told_to_all=frozenset({HEALTH, READY}),
    )  # fmt: skip
    return app


def _routes(view: View) -> APIRouter:
    api = APIRouter()
    lanes = LaneBook(view)
    looked = Looked(view)
    suppressing = Suppressing(view)

    @api.get("/overview")
    def read_overview() -> Overview:
        return looked.overview()

    @api.get("/cases")
    def read_cases(
        status: Status | None = None,
        q: Annotated[str, Query(max_length=200)] = "",
        limit: _Limit = 200,
    ) -> CaseList:
        return cases.listed(view, status, q, limit)

    @api.get("/cases/{case_id}")
    def read_case(case_id: str) -> CaseView:
        return cases.whole(view, _case(view, case_id))

    @api.get("/cases/{case_id}/activity")
    def read_activity(
        case_id: str,
        start: AwareDatetime,
        end: AwareDatetime,
        lane: Lane = "app",
        buckets: Annotated[int, Query(ge=1, le=2000)] = 400,
    ) -> ActivityView:
        _ordered(start, end)
        return lanes.activity(_case(view, case_id), start, end, lane, buckets)

    @api.get("/cases/{case_id}/events")
    def read_window(
        case_id: str,
        start: AwareDatetime,
        end: AwareDatetime,
        limit: _Limit = 200,
        offset: _Offset = 0,
    ) -> EventList:
        _ordered(start, end)
        return events.of_window(view, _case(view, case_id), start, end, limit, offset)

    @api.get("/cases/{case_id}/history")
    def read_history(case_id: str) -> HistoryView:
        return history.history_of(view, _case(view, case_id))

    @api.get("/cases/{case_id}/findings/{n}/history")
    def read_kind(case_id: str, n: int) -> KindView:
        case = _case(view, case_id)
        return history.kind_of(view, case, _finding(case, n))

    @api.get("/cases/{case_id}/findings/{n}/events")
    def read_events(case_id: str, n: int, limit: _Limit = 200, offset: _Offset = 0) -> EventList:
        case = _case(view, case_id)
        return events.of_finding(view, case, _finding(case, n), limit, offset)

    @api.get("/events/{event_id}")
    def read_event(event_id: str, near: AwareDatetime | None = None) -> EventView:
        try:
            id = bytes.fromhex(event_id)
        except ValueError:
            raise HTTPException(422, f"{event_id!r} is no event id: 32 hex digits") from None
        around = (near - timedelta(days=1), near + timedelta(days=1)) if near else None
        found = events.one(view, id, around)
        if found is None:
            raise HTTPException(404, f"the lake has no event {event_id}")
        return found

    @api.post("/cases/{case_id}/questions")
    def ask(case_id: str, wanted: Ask, request: Request) -> AskedView:
        return asking.ask(view, _case(view, case_id), wanted, str(request.base_url))

    @api.get("/cases/{case_id}/letter")
    def read_letter(case_id: str, reader: Reader) -> LetterView:
        return asking.letter(view, _case(view, case_id), reader)

    @api.put("/cases/{case_id}/verdict")
    def judge(case_id: str, judgement: Judgement) -> CaseView:
        _case(view, case_id)
        view.casebook.judge(
            case_id,
            judgement.verdict or "",
            by=view.reader,
            reason=judgement.reason.strip(),
            at=datetime.now(UTC),
        )
        return cases.whole(view, _case(view, case_id))

    @api.get("/suppressions")
    def read_suppressions() -> SuppressionList:
        return suppressing.listed()

    @api.post("/suppressions")
    def hide(wanted: Hide) -> HidingView:
        if wanted.case:
            _case(view, wanted.case)
        try:
            return suppressing.hide(wanted)
        except WheeltapperError as error:
            raise HTTPException(422, str(error)) from error

    @api.post("/suppressions/end")
    def end(which: Ended) -> SuppressionList:
        try:
            return suppressing.end(which.ids)
        except WheeltapperError as error:
            raise HTTPException(422, str(error)) from error

    return api


def _case(view: View, case_id: str) -> Case:
    case = view.casebook.case(case_id)
    if case is None:
        raise HTTPException(404, f"there is no case {case_id}; the last run may have let it go")
    return case


def _finding(case: Case, n: int) -> CaseFinding:
    if not 1 <= n <= len(case.findings):
        raise HTTPException(404, f"case {case.id} has {len(case.findings)} findings, so no {n}th")
    return case.findings[n - 1]


def _ordered(start: datetime, end: datetime) -> None:
    if end <= start:
        raise HTTPException(422, "the window ends before it starts")


def _health(app: FastAPI, view: View) -> None:
    """For whoever keeps the process running; not described with the API, which is the page's."""

    def lake() -> str:
        view.lake.days()
        return ""

    def casebook() -> str:
        view.casebook.count()
        return ""

    @app.get(HEALTH, include_in_schema=False)
    def healthy() -> Response:
        return answered(Health(ok=True))

    @app.get(READY, include_in_schema=False)
    def ready() -> Response:
        return answered(Ready.of({"lake": lake, "casebook": casebook}))


def _page(app: FastAPI, static: Path) -> None:
    """Every address that is no file and not the API's is a view of the one page."""
    root = static.resolve()

    @app.api_route("/api/{path:path}", methods=["GET"], include_in_schema=False)
    def no_such(path: str) -> Response:
        raise HTTPException(404, f"the API has no /api/{path}; see /api/openapi.json")

    @app.get("/{path:path}", include_in_schema=False)
    def page(path: str) -> Response:
        file = (root / path).resolve()
        if path and file.is_relative_to(root) and file.is_file() and file.name != "index.html":
            # Vite puts a content hash into the names of assets.
            cache = "max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
            return FileResponse(file, headers={"cache-control": cache})
        if path.startswith("assets/"):
            return PlainTextResponse("no such file\n", 404)
        index = root / "index.html"
        if not index.is_file():
            return PlainTextResponse(NOT_BUILT, 200)
        return FileResponse(index, headers={"cache-control": "no-cache"})


def _problems(app: FastAPI) -> None:
    @app.exception_handler(HTTPException)
    async def stated(_: Request, error: HTTPException) -> Response:
        return _problem(error.status_code, str(error.detail))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:])
        return _problem(422, f"{where}: {first['msg']}" if where else str(first["msg"]))

    @app.exception_handler(WheeltapperError)
    async def mendable(_: Request, error: WheeltapperError) -> Response:
        return _problem(500, str(error))

    @app.exception_handler(Exception)
    async def broken(_: Request, error: Exception) -> Response:
        return _problem(500, "the server failed at this; its log says where")


def _problem(status: int, sentence: str) -> Response:
    return JSONResponse({"error": sentence}, status, headers={"cache-control": "no-store"})
