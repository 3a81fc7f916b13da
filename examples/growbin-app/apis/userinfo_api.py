"""Profiles of users with a session of auth-api."""

from fastapi import Header, HTTPException
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from growbin import api, cache, database, tables

app = api.create()


class Profile(BaseModel):
    nickname: str


def _email(session):
    email = cache.client().get("session:" + session)
    if email is None:
        raise HTTPException(401, "the session has ended")
    return email


@app.put("/api/v1/users/me")
def put(profile: Profile, x_session: str = Header()):
    statement = insert(tables.profiles).values(email=_email(x_session), nickname=profile.nickname)
    with database.engine().begin() as connection:
        connection.execute(statement.on_conflict_do_update(index_elements=["email"], set_={"nickname": profile.nickname}))
    return profile


@app.get("/api/v1/users/me")
def get(x_session: str = Header()):
    email = _email(x_session)
    with database.engine().connect() as connection:
        nickname = connection.scalar(select(tables.profiles.c.nickname).where(tables.profiles.c.email == email))
    return {"email": email, "nickname": nickname}


@app.get("/api/v1/users")
def about():
    return {"profile": "/api/v1/users/me"}
