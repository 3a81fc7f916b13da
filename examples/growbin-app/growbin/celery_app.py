"""The Celery application of every worker, of Beat and of each API that sends tasks: docs/applications.md has the reasons."""

import os

from celery import Celery
from kombu import Exchange, Queue

from growbin import heartbeat

# A task goes to the queue of the worker that has it.
ROUTES = {
    "workers.image_uploader.*": "q.image_upload",
    "workers.gpt5_analyzer.*": "q.gpt5_analysis",
    "workers.rule_retriever.*": "q.rule_retrieval",
    "workers.response_generator.*": "q.response_generation",
}


def route(queue, own_queue):
    """Returns the route to a queue. Only the worker that consumes it may declare it."""
    if queue != own_queue:
        queue = Queue(queue, Exchange(queue, type="topic"), routing_key=queue, no_declare=True)
    return {"queue": queue}


def create(own_queue=None):
    """Returns the application. A worker names its own queue: tasks of Celery itself, e.g. of a chord, run there too."""
    app = Celery(
        os.environ["SERVICE_NAME"],
        broker=os.environ.get("CELERY_BROKER_URL") or os.environ["RABBITMQ_URL"],
        backend=os.environ["CELERY_RESULT_BACKEND"],
    )
    app.conf.update(
        # Quorum queues, and topic exchanges: with direct ones, a countdown or a retry blocks the worker that received it.
        task_create_missing_queue_type="quorum",
        task_create_missing_queue_exchange_type="topic",
        worker_detect_quorum_queues=True,
        # Publishing fails if the broker did not store the task.
        broker_transport_options={"confirm_publish": True},
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        # A task is acknowledged when it has succeeded. One that fails is rejected, to q.dlq; one whose worker died is
        # delivered again, so a task must bear to run twice.
        task_acks_late=True,
        task_acks_on_failure_or_timeout=False,
        task_reject_on_worker_lost=True,
        task_routes={task: route(queue, own_queue) for task, queue in [*ROUTES.items(), *([("*", own_queue)] if own_queue else [])]},
        result_expires=3600,
        timezone="Asia/Seoul",
    )
    if own_queue:
        app.steps["consumer"].add(heartbeat.Consuming)
    return app
