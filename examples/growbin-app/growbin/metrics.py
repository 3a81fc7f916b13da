"""Metrics of an API, under the names and labels that alerts and dashboards read: those of prometheus-fastapi-instrumentator."""

import time

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, Summary, generate_latest
from starlette.responses import Response

REQUESTS = Counter("http_requests_total", "Requests answered.", ["method", "handler", "status"])
DURATION = Histogram("http_request_duration_seconds", "Time to answer.", ["method", "handler"],
                     buckets=(0.1, 0.5, 1))
ALL = Histogram("http_request_duration_highr_seconds", "Time to answer, in fine buckets.",
                buckets=(0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10, 30, 60, 120, 180, 300))

RECEIVED = Summary("http_request_size_bytes", "Bytes of the bodies of requests.", ["handler"])
SENT = Summary("http_response_size_bytes", "Bytes of the bodies of answers.", ["handler"])


def _length(headers):
    return next((int(value) for name, value in headers if name.lower() == b"content-length" and value.isdigit()), 0)


class Middleware:
    """Counts every request below its route, e.g. /api/v1/waste/{photo}: a label per address would never end."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        begin, status, sent = time.monotonic(), 500, 0

        async def watched(message):
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status, sent = message["status"], _length(message["headers"])
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            handler = getattr(scope.get("route"), "path", "none")
            took = time.monotonic() - begin
            REQUESTS.labels(scope["method"], handler, f"{status // 100}xx").inc()
            DURATION.labels(scope["method"], handler).observe(took)
            ALL.observe(took)
            RECEIVED.labels(handler).observe(_length(scope["headers"]))
            SENT.labels(handler).observe(sent)


def answer():
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
