"""The page's server: only for browsers on this machine, one question at a time, nothing loaded from elsewhere."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pwae_core import plugins
from pwae_core.demo.requests import Ask, Between
from pwae_core.demo.session import Demo
from pwae_core.errors import ConfigError, InputError

ADDRESS = "127.0.0.1"
HOSTS = (ADDRESS, "localhost")
"""Names under which the page opens. Any other would be somebody else's page asking through the user's browser."""
LARGEST_QUESTION = 1 << 18
"""The most bytes that a question may have."""
PAGE = {
    "/": ("page.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
Next = Callable[[Request], Awaitable[Response]]


def application(demo: Demo) -> Starlette:
    """The page and its endpoints: ``/about``, ``/users?part=``, ``/answer`` and ``/between``."""
    lock = threading.Lock()
    routes = [Route(path, partial(_file, name, kind)) for path, (name, kind) in PAGE.items()]
    routes += [
        Route("/about", _plain(lambda _: asdict(demo.about))),
        Route("/users", _plain(partial(_users, demo))),
        Route("/answer", _asked(lock, partial(_answer, demo)), methods=["POST"]),
        Route("/between", _asked(lock, partial(_between, demo)), methods=["POST"]),
    ]
    return Starlette(routes=routes, middleware=[Middleware(BaseHTTPMiddleware, dispatch=_guarded)])


async def _guarded(request: Request, call_next: Next) -> Response:
    """Refuses anything that does not come from the page itself, opened on this machine."""
    host = request.headers.get("host", "")
    origin = request.headers.get("origin")
    if host.rpartition(":")[0] not in HOSTS and host not in HOSTS:
        response: Response = _refusal("Open the page at the address that 'pwae demo' printed.", 403)
    elif origin != f"http://{host}" and (origin is not None or request.method == "POST"):
        response = _refusal("Only the page itself may ask.", 403)
    else:
        response = await call_next(request)
    response.headers.update(HEADERS)
    return response


def _refusal(message: str, status: int) -> JSONResponse:
    return JSONResponse({"error": message}, status)


async def _file(name: str, kind: str, request: Request) -> Response:  # noqa: ARG001
    return Response((Path(__file__).parent / name).read_bytes(), media_type=kind)


def _plain(told: Callable[[Request], Mapping[str, Any]]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return JSONResponse(told(request))

    return endpoint


def _users(demo: Demo, request: Request) -> dict[str, Any]:
    names, found = demo.find(request.query_params.get("part", ""))
    return {"names": names, "found": found}


def _answer(demo: Demo, values: Mapping[str, Any]) -> dict[str, Any]:
    return {"answers": [asdict(one) for one in demo.answer(Ask.make(values))]}


def _between(demo: Demo, values: Mapping[str, Any]) -> dict[str, Any]:
    return {"response": demo.between(Between.make(values))}


def _asked(
    lock: threading.Lock, told: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that answers one question at a time. A known error becomes one line of the answer."""

    def alone(raw: bytes) -> Response:
        try:
            with lock:
                return JSONResponse(told(_parsed(raw)))
        except (Exception, SystemExit) as error:
            known = plugins.known(error)
            if known is None:
                raise
            return _refusal(str(known), 400)

    async def endpoint(request: Request) -> Response:
        raw = b""
        try:
            async for piece in request.stream():
                raw += piece
                if len(raw) > LARGEST_QUESTION:
                    return _refusal(f"A request has at most {LARGEST_QUESTION >> 10} KiB.", 413)
        except ClientDisconnect:  # the page was closed, so nobody reads the answer
            return Response()
        return await run_in_threadpool(alone, raw)

    return endpoint


def _parsed(raw: bytes) -> Mapping[str, Any]:
    try:
        values = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InputError(f"The request is not JSON ({error}).") from error
    if not isinstance(values, dict):
        raise InputError("The request is not a JSON object.")
    return values


def bound(port: int) -> socket.socket:
    """A socket at ``port`` of this machine only; 0 means any free port. From now on, connections wait for the server.

    Raises ConfigError for a port that cannot be used.
    """
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((ADDRESS, port))
        made.listen()
    except (OSError, OverflowError) as error:
        made.close()
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"--port {port} cannot be used: {reason}. Choose another, or 0 for any free one.") from error
    return made


def serve(demo: Demo, at: socket.socket) -> None:
    """Serves the page until a signal ends it. The signal is raised again once the server is down."""
    config = uvicorn.Config(application(demo), log_level="error", access_log=False, lifespan="off", server_header=False)
    uvicorn.Server(config).run(sockets=[at])
