"""Health: what a process says of itself to whoever keeps it running."""

from collections.abc import Callable, Mapping

from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

HEALTH, READY = "/healthz", "/readyz"


class Health(BaseModel):
    """Whether the process lives; if not, it wants to be started again."""

    ok: bool


class Ready(BaseModel):
    """Whether it can do its work now."""

    ok: bool
    wrong: dict[str, str]
    """What cannot be reached or is full, and why."""

    @classmethod
    def of(cls, checks: Mapping[str, Callable[[], str]]) -> "Ready":
        """Look at everything; each check says what is wrong, or nothing."""
        said = {name: _said(check) for name, check in checks.items()}
        wrong = {name: what for name, what in said.items() if what}
        return cls(ok=not wrong, wrong=wrong)


def _said(check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception as error:  # whatever a store that is away throws is what is to be told
        # Its kind alone: the text may hold an address with a password in it.
        return f"cannot be reached: {type(error).__name__}"


def answered(health: Health | Ready) -> Response:
    return JSONResponse(
        health.model_dump(), 200 if health.ok else 503, headers={"cache-control": "no-store"}
    )
