"""The tables, one MetaData per database. A migration creates them: an application may not."""

from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table, Text, func, select
from sqlalchemy.dialects.postgresql import insert

from growbin import database

growbin = MetaData()
photos = Table(
    "photos", growbin,
    Column("digest", String(64), primary_key=True), Column("key", Text, nullable=False),
    Column("waste", Text), Column("created", DateTime(timezone=True), server_default=func.now()),
)
analyses = Table(
    "analyses", growbin,
    Column("id", String(36), primary_key=True), Column("waste", Text), Column("answer", Text),
    Column("created", DateTime(timezone=True), server_default=func.now()),
)
rules = Table("rules", growbin, Column("waste", String(64), primary_key=True), Column("text", Text, nullable=False))
chats = Table(
    "chats", growbin,
    Column("id", Integer, primary_key=True), Column("session", String(64), nullable=False), Column("message", Text), Column("answer", Text),
)
profiles = Table("profiles", growbin, Column("email", String(254), primary_key=True), Column("nickname", Text))
places = Table("places", growbin, Column("query", String(128), primary_key=True), Column("found", Integer))

auth = MetaData()
users = Table(
    "users", auth,
    Column("email", String(254), primary_key=True), Column("salt", String(32), nullable=False), Column("hash", String(128), nullable=False),
)

analytics = MetaData()
sent = Table(
    "sent", analytics,
    Column("id", String(36), primary_key=True), Column("task", Text, nullable=False), Column("at", DateTime(timezone=True), server_default=func.now()),
)

# The rules that a new database begins with.
RULES = {
    "bottle": "Empty it, remove the label, and put it into plastics.",
    "can": "Empty it and put it into metals.",
    "newspaper": "Keep it dry and put it into paper.",
}


def rule(waste):
    """Returns the rule of a kind of waste, or None."""
    with database.engine().begin() as connection:
        found = connection.scalar(select(rules.c.text).where(rules.c.waste == waste))
        if found is None and waste in RULES:
            found = RULES[waste]
            connection.execute(insert(rules).values(waste=waste, text=found).on_conflict_do_nothing())
        return found
