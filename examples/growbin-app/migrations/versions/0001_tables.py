"""The tables of the database that the Job is named after, e.g. migrate-auth."""

import os

from alembic import op

from growbin import tables

revision = "0001"
down_revision = None


def upgrade():
    getattr(tables, os.environ["SERVICE_NAME"].removeprefix("migrate-")).create_all(op.get_bind())
