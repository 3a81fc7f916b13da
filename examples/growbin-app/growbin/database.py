"""The database of an application, with the pool that its row in stacks/applications.go allows."""

import os

from sqlalchemy import create_engine


def engine():
    """Returns an engine for one process. Create it after a fork: connections cannot be shared."""
    return create_engine(
        os.environ["DATABASE_URL"],
        pool_size=int(os.environ["DATABASE_POOL_SIZE"]),
        max_overflow=int(os.environ["DATABASE_MAX_OVERFLOW"]),
        pool_timeout=10,
        pool_pre_ping=True,  # the server may have been replaced
    )
