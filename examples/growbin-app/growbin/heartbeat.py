"""Files that the probes of a Celery process read. They need no broker, so an outage of it restarts nothing."""

import os
import threading
import time
from pathlib import Path

from celery import bootsteps, signals

PERIOD = 10  # seconds; the probe allows 120
STUCK = 60  # seconds without a turn of the event loop, while the worker consumes

_HEARTBEAT = Path(os.environ.get("HEARTBEAT_FILE", "/tmp/heartbeat"))
_READY = Path(os.environ.get("READY_FILE", "/tmp/ready"))
_last_turn = None  # None while the worker does not consume, e.g. because it waits for the broker


def _beat():
    while True:
        if _last_turn is None or time.monotonic() - _last_turn < STUCK:
            _HEARTBEAT.touch()
        time.sleep(PERIOD)


@signals.worker_init.connect
@signals.beat_init.connect
def _start(**_):
    _READY.unlink(missing_ok=True)
    threading.Thread(target=_beat, daemon=True).start()


class Consuming(bootsteps.StartStopStep):
    """Is started with each connection to the broker and stopped when it is lost."""

    requires = {"celery.worker.consumer.tasks:Tasks"}

    def start(self, parent):
        self._turn()
        parent.timer.call_repeatedly(5.0, self._turn)
        _READY.touch()

    def stop(self, parent):
        global _last_turn
        _last_turn = None
        _READY.unlink(missing_ok=True)

    def _turn(self):
        global _last_turn
        _last_turn = time.monotonic()
