"""The page of a study as a web application, which keeps nothing about who asks."""

import html
import json
import re
from importlib.resources import files

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gan_metrics.study._served_study import RefusedError, ServedStudy
from gan_metrics.study._sessions import Session
from gan_metrics.study._study import Study

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src blob: data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
LARGEST = 1000  # bytes of an answer
DAY = 86_400  # seconds
FILES = {"/study.js": "text/javascript", "/study.css": "text/css"}


def make_page(served: ServedStudy) -> Starlette:
    """The application of a study.

    Its files are those named here, and pictures by their ids. Requests are handled one after the other, in
    one thread, so that no two answers are written at once.

    Args:
        served: the study.
    """
    page = _Page(served)
    routes = [
        Route("/", page.document),
        *(Route(path, page.file) for path in FILES),
        Route("/session", page.state, methods=["GET"]),
        Route("/session", page.begin, methods=["POST"]),
        Route("/answer", page.answer, methods=["POST"]),
        Route("/picture/{picture}", page.picture),
    ]
    handlers = {RefusedError: _refuse, OSError: _fail}
    return Starlette(routes=routes, middleware=[Middleware(_Headers)], exception_handlers=handlers)


class _Page:
    """The responses to requests."""

    def __init__(self, served: ServedStudy) -> None:
        self._served = served
        self._cookie = f"study-{served.study.id}"  # the ports of a machine share their cookies

    async def document(self, request: Request) -> Response:  # noqa: ARG002 - starlette passes it
        return Response(_fill(self._served.study), media_type="text/html")

    async def file(self, request: Request) -> Response:
        return Response(_read(request.url.path[1:]), media_type=FILES[request.url.path])

    async def state(self, request: Request) -> Response:
        session = self._find(request)
        return JSONResponse({"begun": False} if session is None else self._served.state(session))

    async def begin(self, request: Request) -> Response:
        if await _body(request) != {"consent": True}:
            raise RefusedError(400, "Expected consent")
        if session := self._find(request):  # of another tab
            return JSONResponse(self._served.state(session))
        token, session = self._served.begin()
        response = JSONResponse(self._served.state(session))
        response.set_cookie(self._cookie, token, max_age=DAY, httponly=True, samesite="strict")
        return response

    async def answer(self, request: Request) -> Response:
        session = self._require(request)
        return JSONResponse(self._served.answer(session, await _body(request)))

    async def picture(self, request: Request) -> Response:
        content = self._served.picture(self._require(request), request.path_params["picture"])
        return Response(content, media_type="image/png")

    def _find(self, request: Request) -> Session | None:
        return self._served.find(request.cookies.get(self._cookie))

    def _require(self, request: Request) -> Session:
        if (session := self._find(request)) is None:
            raise RefusedError(403, "This session is not known here")
        return session


class _Headers:
    """Adds the headers to every response, also to those about unknown addresses."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)


async def _refuse(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return JSONResponse({"error": f"{error}."}, error.status if isinstance(error, RefusedError) else 500)


async def _fail(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return JSONResponse({"error": f"The server cannot go on ({error})."}, 503)


async def _body(request: Request) -> object:
    """The JSON in a request."""
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > LARGEST:
            raise RefusedError(413, f"Expected at most {LARGEST} bytes")
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise RefusedError(400, "Expected JSON") from None


def _read(name: str) -> str:
    return files("gan_metrics.study").joinpath(name).read_text("utf-8")


def _fill(study: Study) -> str:
    """The page with the study's texts, and with what its script has to know."""
    paragraphs = [text.strip() for text in study.consent.split("\n\n")]
    settings = {"mode": study.mode, "seconds": study.seconds, "aspect": study.aspect}
    values = {
        "title": html.escape(study.title),
        "consent": "".join(f"<p>{html.escape(text)}</p>" for text in paragraphs if text),
        "settings": html.escape(json.dumps(settings)),
    }
    return re.sub("@(title|consent|settings)@", lambda found: values[found[1]], _read("page.html"))
