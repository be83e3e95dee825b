"""Our routes on ComfyUI's server; `register` puts them there."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ...liveportrait_core.assets.shipped_expressions import expression_files, save_preset
from ...liveportrait_core.errors import LivePortraitError
from ...liveportrait_core.motion.control_tools import changed_controls, random_controls
from .. import expression_editor, runtime
from . import timelines
from .asked import (
    named_values_of,
    preview_of,
    seed_of,
    source_of,
    timeline_of,
    values_of,
)
from .fields import Fields
from .previews import PREVIEWS, Maker, Preview
from .turns import Turns

if TYPE_CHECKING:
    from aiohttp import web

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PREFIX: Final = "/liveportrait/v1"
MAKERS: Final[Mapping[str, tuple[Maker, Fields]]] = MappingProxyType(
    {
        "expression": (expression_editor.motion_of, expression_editor.VALUES),
        "timeline": (timelines.frame_of, timelines.VALUES),
    }
)
"""What makes the motion of a preview, and its node's widgets, by the last part of its route."""
ABOUT: Final = "X-LivePortrait"
"""Header of a picture: JSON of what is known besides."""
STALE, BAD = 204, 422


def register() -> None:
    """Answer our part of the front end; nothing where there is no server, as in tests and tools."""
    with suppress(ImportError):
        from server import PromptServer  # noqa: PLC0415 - there is none in tests and tools

        instance = getattr(PromptServer, "instance", None)
        if instance is not None and hasattr(instance, "routes"):
            add_routes(instance.routes)


def add_routes(routes: web.RouteTableDef) -> None:
    """Put ours among the routes of a server: each takes JSON, and gives JSON or a picture."""
    turns, pictures = Turns[Preview](runtime.is_running), Turns[list[bytes]](runtime.is_running)

    async def preview(body: object, kind: str) -> web.StreamResponse:
        make, values = MAKERS[kind]
        asked, read = preview_of(body, values), expression_editor.face_of
        made = await turns.run(asked.sender, lambda: PREVIEWS.render(asked, make, read))
        return _picture(made)

    async def faces(body: object) -> web.StreamResponse:
        asked = source_of(body)
        found = await pictures.run(uuid.uuid4().hex, lambda: PREVIEWS.faces(asked))
        return _json({"faces": [base64.b64encode(jpeg).decode() for jpeg in found or []]})

    for kind in MAKERS:
        routes.post(f"{PREFIX}/preview/{kind}")(_handler(preview, kind))
    routes.post(f"{PREFIX}/faces")(_handler(faces))
    routes.post(f"{PREFIX}/controls")(_handler(_controls))
    routes.post(f"{PREFIX}/timeline")(_handler(_timeline))
    routes.post(f"{PREFIX}/random")(_handler(_random))
    routes.post(f"{PREFIX}/expressions")(_handler(_expressions))


async def _controls(body: object) -> web.StreamResponse:
    """What a preset, words and sliders come to."""
    values = values_of(body, expression_editor.VALUES)
    made = await asyncio.to_thread(expression_editor.controls_of, values)
    return _json({"controls": changed_controls(made)})


async def _timeline(body: object) -> web.StreamResponse:
    """Lanes of a text; a long one takes its time, in which others are answered."""
    asked = timeline_of(body)
    return _json(await asyncio.to_thread(timelines.tracks_of, asked.timeline, asked.beneath))


async def _random(body: object) -> web.StreamResponse:
    """A face that somebody might make."""
    return _json({"controls": changed_controls(random_controls(seed_of(body)))})


async def _expressions(body: object) -> web.StreamResponse:
    """The names of all expressions, after one was saved where the request names one."""
    named = named_values_of(body, expression_editor.VALUES)
    if named is not None:
        name, values = named
        save_preset(name, expression_editor.controls_of(values))
    return _json({"names": list(expression_files())})


def _handler(answer: Callable[..., Awaitable[web.StreamResponse]], *args: str) -> Handler:
    """A handler of ComfyUI's server; a sentence where there is no answer to the JSON that came."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await answer(await _sent(request), *args)
        except (LivePortraitError, ValueError) as error:
            return _json({"error": str(error)}, BAD)

    return handle


async def _sent(request: web.Request) -> object:
    """The JSON of a request.

    Raises:
        ValueError: It is none.
    """
    try:
        return await request.json()
    except (ValueError, LookupError, RecursionError):  # text of no or an unknown encoding as well
        raise ValueError(
            "The request is no JSON that can be read; an object of JSON in UTF-8 is expected. "
            "Reload the page."
        ) from None


def _json(value: Mapping[str, object], status: int = 200) -> web.StreamResponse:
    from aiohttp import web  # noqa: PLC0415 - ComfyUI's own

    return web.json_response(value, status=status)


def _picture(made: Preview | None) -> web.StreamResponse:
    """A preview; no content where a newer one was asked for meanwhile."""
    from aiohttp import web  # noqa: PLC0415 - ComfyUI's own

    if made is None:
        return web.Response(status=STALE)
    film = made.film and {"frames": made.film[0], "fps": made.film[1]}
    about = json.dumps({"handles": made.handles, "note": made.note, "film": film})
    # the browser's own tools show it, and python -m benchmarks.preview_page reads it
    times = ", ".join(f"{step};dur={time_ms:.1f}" for step, time_ms in made.times_ms.items())
    headers = {ABOUT: about, "Cache-Control": "no-store", "Server-Timing": times}
    return web.Response(body=made.jpeg, content_type="image/jpeg", headers=headers)
