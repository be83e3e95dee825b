"""A page of this computer's browser that shows a live portrait, and its buttons."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Condition, Thread
from types import TracebackType
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from ..errors import LivePortraitError
from ..imaging.jpeg import jpeg_of
from ..imaging.tensors import Pixels, limited_size, resize_pixels
from ..sessions.live import LiveState
from ..sessions.loop import LiveRate

HOST: Final = "127.0.0.1"
"""Nobody else can reach it."""
HOST_NAMES: Final = ("127.0.0.1", "localhost")
PAGE: Final = Path(__file__).resolve().parent.parent / "assets" / "live.html"
WAIT_S: Final = 2.0
"""A request waits for a new picture; then it is told that there is none, and asks again."""
WATCHED_S: Final = 5.0
"""Pictures are encoded while somebody asked for one within this time."""
OWN_HEADER: Final = "X-Live-Portrait"
"""Pages of other sites cannot send it."""
MOST_BYTES: Final = 100

Button = Callable[[str], None]
"""Called with what was sent along; a ValueError is shown."""


class LivePage:
    """Shows pictures on a page of this computer's browser.

    `with LivePage(8190, 720) as page: page.show(...)`

    Convention:
        - a browser asks for the newest picture when it has drawn the one before, so that a slow
          one falls behind by no more than one
        - served on this computer alone; other sites' pages can neither see it nor press a button
    """

    def __init__(self, port: int, longest_px: int) -> None:
        """Nothing is served before the `with` block.

        Args:
            port: Where; 0 takes a free one.
            longest_px: Longest side of the pictures that are sent.

        Raises:
            LivePortraitError: The port is taken.
        """
        self._longest_px = longest_px
        self.buttons: Mapping[str, Button] = {}
        """By the names that the page has for them."""
        self._new = Condition()
        self._picture = b""
        self._about: dict[str, Any] = {}
        self._number = 0
        self._asked_s = -WATCHED_S
        try:
            self._server = _Server(self, port)
        except OSError as error:
            raise LivePortraitError(
                f"The page cannot be served on port {port} ({error.strerror}); a free port is "
                "expected. Give another with --port, or 0 for any."
            ) from error
        self.url = f"http://{HOST}:{self._server.server_address[1]}/"
        """Where it is."""

    def __enter__(self) -> LivePage:
        Thread(target=self._server.serve_forever, daemon=True, name="live page").start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def is_watched(self) -> bool:
        """Whether somebody looks at it."""
        return time.monotonic() - self._asked_s < WATCHED_S

    def show(
        self, picture: Pixels, state: LiveState, rate: LiveRate, *, strength: float, paused: bool
    ) -> None:
        """Show a picture, (H, W, 3) uint8, and what is said below it."""
        content = b""
        if self.is_watched:
            height, width = picture.shape[:2]
            size = limited_size(height, width, max_side=self._longest_px)
            content = jpeg_of(resize_pixels(picture, size))
        about = {"state": state, "strength": strength, "paused": paused, **asdict(rate)}
        with self._new:
            self._picture, self._about = content, about
            self._number += 1
            self._new.notify_all()

    def say(self, **about: Any) -> None:
        """Change what is said below the picture that is shown."""
        with self._new:
            self._about |= about

    def picture_after(self, number: int) -> tuple[bytes, dict[str, Any]]:
        """The newest picture once there is one after that number, else b""; and what is said."""
        self._asked_s = time.monotonic()
        with self._new:
            self._new.wait_for(lambda: self._picture and self._number > number, WAIT_S)
            is_new = self._number > number
            return self._picture if is_new else b"", {**self._about, "number": self._number}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, page: LivePage, port: int) -> None:
        self.page = page
        super().__init__((HOST, port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server  # type: ignore[assignment] - made by no other

    def do_GET(self) -> None:
        """The page, or the newest picture."""
        address = urlsplit(self.path)
        if not self._is_from_here():
            self._answer(HTTPStatus.FORBIDDEN, b"Open the address that the program printed.")
        elif address.path == "/":
            self._answer(HTTPStatus.OK, PAGE.read_bytes(), "text/html; charset=utf-8")
        elif address.path == "/picture":
            after = parse_qs(address.query).get("after", ["0"])[0]
            picture, about = self.server.page.picture_after(int(after) if after.isdigit() else 0)
            state = {"X-State": json.dumps(about)} if "state" in about else {}
            if picture:
                self._answer(HTTPStatus.OK, picture, "image/jpeg", state)
            else:
                self._answer(HTTPStatus.NO_CONTENT, b"", None, state)
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"There is nothing here.")

    def do_POST(self) -> None:
        """A button."""
        length = self.headers.get("Content-Length", "0")
        size = int(length) if length.isdigit() else MOST_BYTES + 1
        if size > MOST_BYTES or not self._is_from_here() or OWN_HEADER not in self.headers:
            self.close_connection = True
            self._answer(HTTPStatus.FORBIDDEN, b"Press the buttons of the page.")
            return
        sent = self.rfile.read(size).decode("ascii", "replace")
        button = self.server.page.buttons.get(urlsplit(self.path).path.removeprefix("/"))
        if button is None:
            self._answer(HTTPStatus.NOT_FOUND, b"There is no such button.")
            return
        try:
            button(sent)
        except ValueError as error:
            self._answer(HTTPStatus.BAD_REQUEST, str(error).encode())
        else:
            self._answer(HTTPStatus.OK, b"done")

    def _is_from_here(self) -> bool:
        """Whether this computer was asked for by its own name: that of a site may lead here."""
        return self.headers.get("Host", "").rpartition(":")[0] in HOST_NAMES

    def _answer(
        self,
        status: HTTPStatus,
        content: bytes,
        kind: str | None = "text/plain; charset=utf-8",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        if kind is not None:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
        for name, value in {"Cache-Control": "no-store", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of requests."""
