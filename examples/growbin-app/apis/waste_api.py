"""Takes photos of waste and answers where it goes."""

import base64
import uuid

from fastapi import Body, HTTPException, Response
from kombu.exceptions import OperationalError
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from growbin import api, cache, celery_app, database, storage, tables

MAX_PHOTO = 8 << 20  # bytes; base64 and the envelope of the task stay below RabbitMQ's 16 MiB

app = api.create()
tasks = celery_app.create()


@app.post("/api/v1/waste", status_code=202)
def post(photo: bytes = Body(media_type="image/jpeg")):
    """Takes a JPEG and returns the ID of the analysis."""
    check_size(len(photo))
    return analyze(photo)


@app.post("/api/v1/waste/uploads", status_code=201)
def sign_upload(size: int = Body(embed=True)):
    """Takes the size of a JPEG in bytes and returns a URL to which the browser uploads it, with these headers, past this API."""
    check_size(size)
    name = str(uuid.uuid4())
    return {"name": name, "url": storage.upload_url(f"uploads/{name}.jpg", size), "headers": {"Content-Type": "image/jpeg"}}


@app.post("/api/v1/waste/uploads/{name}", status_code=202)
def post_upload(name: uuid.UUID):
    """Takes the name of an upload and returns the ID of its analysis."""
    photo = storage.get(f"uploads/{name}.jpg", MAX_PHOTO)
    if not photo:
        raise HTTPException(404, "no photo was uploaded under this name")
    return analyze(photo)


@app.get("/api/v1/waste/photos/{digest}")
def sign_photo(digest: str):
    """Takes the SHA-256 of a photo that was analyzed and returns a URL from which the browser reads it."""
    with database.engine().begin() as connection:
        key = connection.scalar(select(tables.photos.c.key).where(tables.photos.c.digest == digest))
    if key is None:
        raise HTTPException(404, "no photo has this digest")
    return {"url": storage.read_url(key)}


def check_size(size):
    if not 0 < size <= MAX_PHOTO:
        raise HTTPException(413, f"a photo must have 1 to {MAX_PHOTO} bytes")


def analyze(photo):
    try:
        analysis = tasks.send_task("workers.image_uploader.upload", [base64.b64encode(photo).decode()])
    except OperationalError as error:
        raise HTTPException(503, "the broker does not answer", headers={"Retry-After": "10"}) from error
    with database.engine().begin() as connection:
        connection.execute(insert(tables.analyses).values(id=analysis.id))
    return {"id": analysis.id}


@app.get("/api/v1/waste/{analysis}")
def get(analysis: str, response: Response):
    """Answers 200 with the rule, or 202 while the analysis runs. A task's result is the ID of the next one."""
    known = cache.client().get("cache:last:" + analysis)
    result = tasks.AsyncResult(known or analysis)
    while result.state == "SUCCESS" and isinstance(result.result, str):
        result = tasks.AsyncResult(result.result)
        cache.client().set("cache:last:" + analysis, result.id, ex=3600)
    if result.state == "FAILURE":
        raise HTTPException(422, "the analysis failed: " + str(result.result))
    if result.state != "SUCCESS":
        response.status_code = 202
        return {"id": analysis, "state": result.state}
    with database.engine().begin() as connection:
        connection.execute(tables.analyses.update().where(tables.analyses.c.id == analysis).values(**result.result))
    return result.result
