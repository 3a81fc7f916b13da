"""The frame of every API: /health, /ready and /metrics."""

import logging
import os

from fastapi import FastAPI, HTTPException
from sqlalchemy import text

from growbin import cache, database, metrics

log = logging.getLogger("uvicorn.error")


def create():
    """Returns the application. Its routes are functions without async: each runs in a thread and may wait."""
    app = FastAPI(title=os.environ["SERVICE_NAME"])
    app.add_middleware(metrics.Middleware)

    @app.get("/health")
    async def health():
        return {"status": "ok"}  # asks no store: an outage would restart all pods

    @app.get("/ready")
    def ready():
        try:
            with database.engine().connect() as connection:
                connection.execute(text("SELECT 1"))
            cache.client().ping()
        except Exception as error:
            log.warning("not ready: %s", error)
            raise HTTPException(503, "a store does not answer") from error
        return {"status": "ready"}

    @app.get("/metrics")
    async def numbers():
        return metrics.answer()

    return app
