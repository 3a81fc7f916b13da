"""Talks about recycling with the AI API."""

import time

from fastapi import HTTPException
from pydantic import BaseModel

from growbin import ai, api, cache, database, tables

app = api.create()


class Message(BaseModel):
    session: str
    message: str


@app.post("/api/v1/chat")
def chat(m: Message):
    """Answers a message; the last twenty of a session are remembered for a day."""
    key = "chat:" + m.session
    history = cache.client().lrange(key, 0, -1)
    for _ in range(5):
        try:
            answer = ai.ask("\n".join([*history, m.message]))
            break
        except ai.Limited as limited:
            time.sleep(limited.seconds)
    else:
        raise HTTPException(503, "the AI API is busy", headers={"Retry-After": "10"})
    with cache.client().pipeline() as commands:
        commands.rpush(key, m.message, answer)
        commands.ltrim(key, -20, -1)
        commands.expire(key, cache.DAY)
        commands.execute()
    with database.engine().begin() as connection:
        connection.execute(tables.chats.insert().values(session=m.session, message=m.message, answer=answer))
    return {"answer": answer}


@app.get("/api/v1/chat/{session}")
def history(session: str):
    return {"messages": cache.client().lrange("chat:" + session, 0, -1)}
