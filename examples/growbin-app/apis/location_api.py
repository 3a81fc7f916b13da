"""Finds places through Kakao's API, and remembers them."""

import functools
import json
import os

import httpx
from fastapi import HTTPException
from sqlalchemy.dialects.postgresql import insert

from growbin import api, cache, database, tables

app = api.create()


@functools.cache
def _kakao():
    return httpx.Client(
        base_url=os.environ.get("KAKAO_BASE_URL", "https://dapi.kakao.com"),
        headers={"Authorization": "KakaoAK " + os.environ["KAKAO_API_KEY"]}, timeout=10,
    )


@app.get("/api/v1/locations")
def search(query: str = "recycling"):
    known = cache.client().get("cache:places:" + query)
    if known:
        return json.loads(known)
    response = _kakao().get("/v2/local/search/keyword.json", params={"query": query})
    if response.status_code == 429:
        raise HTTPException(503, "Kakao is busy", headers={"Retry-After": response.headers.get("Retry-After", "1")})
    response.raise_for_status()
    found = {"places": [place["place_name"] for place in response.json()["documents"]]}
    cache.client().set("cache:places:" + query, json.dumps(found), ex=3600)
    statement = insert(tables.places).values(query=query, found=len(found["places"]))
    with database.engine().begin() as connection:
        connection.execute(statement.on_conflict_do_update(index_elements=["query"], set_={"found": statement.excluded.found}))
    return found
