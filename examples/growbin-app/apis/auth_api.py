"""Registers users, and gives them sessions."""

import hashlib
import hmac
import os
import secrets

import jwt
from fastapi import Header, HTTPException
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from growbin import api, cache, database, tables

app = api.create()


class Login(BaseModel):
    email: str
    password: str


def _hash(password, salt):
    return hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), n=1 << 14, r=8, p=1).hex()  # 16 MiB of memory


@app.post("/api/v1/auth/users", status_code=201)
def register(login: Login):
    salt = secrets.token_hex(16)
    with database.engine().begin() as connection:
        created = connection.execute(insert(tables.users).values(
            email=login.email, salt=salt, hash=_hash(login.password, salt)).on_conflict_do_nothing())
    if not created.rowcount:
        raise HTTPException(409, "the user exists")
    return {"email": login.email}


@app.post("/api/v1/auth/sessions", status_code=201)
def log_in(login: Login):
    """Returns a session for the other APIs, and a token that proves it to those with JWT_SECRET."""
    with database.engine().connect() as connection:
        user = connection.execute(select(tables.users).where(tables.users.c.email == login.email)).one_or_none()
    if user is None or not hmac.compare_digest(user.hash, _hash(login.password, user.salt)):
        raise HTTPException(401, "wrong e-mail or password")
    session = secrets.token_urlsafe(24)
    cache.client().set("session:" + session, login.email, ex=cache.DAY)
    return {"session": session, "token": jwt.encode({"sub": login.email, "sid": session}, os.environ["JWT_SECRET"], "HS256")}


@app.get("/api/v1/auth/sessions")
def check(authorization: str = Header()):
    """Tells whose token it is. While the key changes, tokens of the other key are accepted."""
    for key in (os.environ["JWT_SECRET"], os.environ["JWT_SECRET_OTHER"]):
        try:
            return {"email": jwt.decode(authorization.removeprefix("Bearer "), key, ["HS256"])["sub"]}
        except jwt.InvalidTokenError:
            continue
    raise HTTPException(401, "no valid token")


@app.get("/api/v1/auth")
def about():
    return {"register": "/api/v1/auth/users", "log in": "/api/v1/auth/sessions"}
