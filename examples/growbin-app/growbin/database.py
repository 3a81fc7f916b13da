"""The database of an application, with the pool that its row in stacks/applications.go allows."""

import functools
import os

from sqlalchemy import create_engine


def url():
    """Returns DATABASE_URL for SQLAlchemy, which takes psycopg 3 by this name of the dialect."""
    return os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://", 1)


@functools.cache
def engine():
    """Returns the engine of this process. Call it after a fork: connections cannot be shared."""
    return create_engine(
        url(),
        pool_size=int(os.environ["DATABASE_POOL_SIZE"]),
        max_overflow=int(os.environ["DATABASE_MAX_OVERFLOW"]),
        pool_timeout=10,
        pool_pre_ping=True,  # the server may have been replaced
    )
