"""Sends the event stream to Django's ASGI handler, all else through WSGI: that costs a seventh of the CPU."""

import re
from typing import Any, cast

from a2wsgi import WSGIMiddleware
from django.core.asgi import get_asgi_application

from interlock.config.wsgi import application as wsgi

LIVE = re.compile(r"/[-\w]+/live/")
THREADS = 4  # a page is mostly Python: more threads would wait for each other, each holding a connection

stream = get_asgi_application()
pages = WSGIMiddleware(cast("Any", wsgi), workers=THREADS)


async def application(scope: Any, receive: Any, send: Any) -> None:
    live = scope["type"] == "http" and LIVE.fullmatch(scope["path"])

    async def received() -> Any:
        # a2wsgi insists on a coroutine; granian's `receive` returns a future.
        return await receive()

    await (stream(scope, receive, send) if live else pages(scope, received, send))
