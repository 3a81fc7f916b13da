"""Sends tasks on a schedule. It runs as a single process: celery beat."""

import os

from celery import signals

from growbin import celery_app, database, heartbeat, tables  # noqa: F401 - the heartbeat starts with Beat

app = celery_app.create()
app.conf.beat_schedule = {
    "check the rules": {
        "task": "workers.rule_retriever.retrieve",
        "schedule": float(os.environ.get("CHECK_SECONDS", "3600")),
        "args": ["bottle"],
    },
}


@signals.after_task_publish.connect
def _sent(sender, headers, **_):
    """Notes each task that was sent. Celery logs an error of it, and sends on."""
    with database.engine().begin() as connection:
        connection.execute(tables.sent.insert().values(id=headers["id"], task=sender))
