"""Sends tasks on a schedule. It runs as a single process: celery beat."""

import os

from growbin import celery_app, heartbeat  # noqa: F401 - the heartbeat starts with Beat

app = celery_app.create()
app.conf.beat_schedule = {
    "check the rules": {
        "task": "workers.rule_retriever.retrieve",
        "schedule": float(os.environ.get("CHECK_SECONDS", "3600")),
        "args": ["bottle"],
    },
}
