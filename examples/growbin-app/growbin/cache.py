"""The Redis use of an application. Every key expires."""

import functools
import os

import redis

DAY = 24 * 3600  # seconds


@functools.cache
def client():
    """Returns the client of this process. It connects at its first command, so after a fork."""
    return redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=5, health_check_interval=30, decode_responses=True)
