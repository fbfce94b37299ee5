"""Serve: the page of a workspace, on an address of this machine, until it is stopped."""

import contextlib
import socket
import threading
import webbrowser
from pathlib import Path

import uvicorn

from wheeltapper.config import Config
from wheeltapper.errors import WheeltapperError
from wheeltapper.server.app import create
from wheeltapper.server.security import check_exposure
from wheeltapper.server.view import Hiding, open_view


def serve(
    root: Path, config: Config, *, host: str, port: int, token: str, open_browser: bool = False,
    hiding: Hiding | None = None,
) -> None:  # fmt: skip
    """Serve the workspace at `root` until interrupted; `hiding` makes its cases anew.

    Raises
    ------
    ConfigError        `host` is reachable from elsewhere and there is no token.
    WheeltapperError   the address cannot be had.
    """
    check_exposure(host, token)
    app = create(open_view(root, config, hiding), host=host, token=token)
    listening = listen(host, port)
    at = listening.getsockname()[1]
    settings = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
    if open_browser:
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{at}/" + (f"?token={token}" if token else "")
        # The socket listens already: the browser waits for the server instead of failing.
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
    # Being interrupted is how it ends; the server has put everything away by then.
    with listening, contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(settings).run(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at an address; WheeltapperError where it cannot be had."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise _no_address(host, port, error) from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise _no_address(host, port, error) from error
    return listening


def _no_address(host: str, port: int, error: OSError) -> WheeltapperError:
    return WheeltapperError(
        f"cannot serve at {host}:{port}: {error.strerror}; choose another, or port 0 for any "
        "that is free"
    )
