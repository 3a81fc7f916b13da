"""Runs migrations with DATABASE_URL, which is the owner's in the Job of a release."""

from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from growbin import database

with create_engine(database.url(), poolclass=NullPool).begin() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
