# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The server of the viewer: a fixed list of addresses, for this machine alone."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from secrets import compare_digest, token_urlsafe
from typing import Any

from ..report import inference_page
from ..report.page import page_parts
from ..utils.errors import describe_error
from .cases import ViewerRun

__all__ = ["ViewerServer"]

logger = logging.getLogger(__name__)

_HOST = "127.0.0.1"
_HTML, _SCRIPT, _JSON, _TEXT = "text/html", "text/javascript", "application/json", "text/plain"
_FILES = {"": ("index.html", _HTML), "viewer.js": ("viewer.js", _SCRIPT), "niivue.umd.js": ("niivue.umd.js", _SCRIPT)}
_OF_A_CASE = re.compile(r"(ct|mask|centre)/(\d{1,6})\.(?:nii|json)")
# NiiVue keeps its font in data: addresses and draws pictures by blob: ones
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class ViewerServer(ThreadingHTTPServer):
    """
    Serves the page, the report and the cases of a run on the loopback interface.

    Addresses begin with a random word, so that other users of the machine can't guess them, and name cases by their
    number, never by a path. A request that calls the server by another name than 127.0.0.1 or localhost is refused: a
    web page of somebody else could have made it.

    Args:
        run: the run to show.
        port: to listen on. Defaults to 0, any that is free.
    """

    daemon_threads = True

    def __init__(self, run: ViewerRun, port: int = 0) -> None:
        super().__init__((_HOST, port), _Handler)
        self.viewer_run = run
        self.word = token_urlsafe(16)

    @property
    def address(self) -> str:
        """Of the page."""
        return f"http://{_HOST}:{self.server_port}/{self.word}/"


class _Handler(BaseHTTPRequestHandler):
    server: ViewerServer
    server_version = "monai_unet3plus"
    sys_version = ""

    def do_GET(self) -> None:  # noqa: N802, the name that http.server calls
        """Answer a request."""
        if self.headers.get("Host") not in [f"{name}:{self.server.server_port}" for name in (_HOST, "localhost")]:
            return self._answer(HTTPStatus.FORBIDDEN, b"for this machine alone", _TEXT)
        word, _, place = self.path.removeprefix("/").partition("/")
        known = compare_digest(word.encode(), self.server.word.encode())
        make = self._content(place) if known else None
        if make is None:
            return self._answer(HTTPStatus.NOT_FOUND, b"no such page", _TEXT)
        try:
            content, kind = make()
        except Exception as e:  # a reader may raise any error for a damaged file; the page shows it
            logger.debug("request failed", exc_info=True)
            return self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, describe_error(e).encode("utf-8", "replace"), _TEXT)
        self._answer(HTTPStatus.OK, content, kind)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, as in http.server
        """Log a request for those who debug."""
        logger.debug(format, *args)

    def _content(self, place: str) -> Callable[[], tuple[bytes, str]] | None:
        """Find the function that makes the content of an address; None if there is no such address."""
        if place in _FILES:
            name, kind = _FILES[place]
            return lambda: (files(__package__).joinpath(name).read_bytes(), kind)
        if place == "cases.json":
            return self._cases
        if place == "report":
            return self._report
        found = _OF_A_CASE.fullmatch(place)
        case = next((one for one in self.server.viewer_run.cases if found and one.number == int(found[2])), None)
        if found is None or case is None:
            return None
        makers = {
            "ct": lambda: (case.ct_bytes(), "application/octet-stream"),
            "mask": lambda: (case.mask_bytes(), "application/octet-stream"),
            "centre": lambda: (json.dumps(case.centre()).encode(), _JSON),
        }
        return makers[found[1]]

    def _cases(self) -> tuple[bytes, str]:
        run = self.server.viewer_run
        content = {"warning": run.report["warning"], "cases": [case.facts() for case in run.cases]}
        return json.dumps(content).encode(), _JSON

    def _report(self) -> tuple[bytes, str]:
        run = self.server.viewer_run
        page = inference_page(run.report, run.pictures)
        numbers = {case.number for case in run.cases}
        cases = [
            replace(case, link=f"./#{number}" if number in numbers else "")
            for number, case in enumerate(page.cases, start=1)
        ]
        return "".join(page_parts(replace(page, cases=cases))).encode("utf-8", "backslashreplace"), _HTML

    def _answer(self, status: HTTPStatus, content: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        if kind == _HTML:
            self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
