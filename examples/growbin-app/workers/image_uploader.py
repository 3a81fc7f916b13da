"""Stores a photo, scales it, and sends it to the analysis."""

import base64
import hashlib
import io

from PIL import Image
from sqlalchemy.dialects.postgresql import insert

from growbin import cache, celery_app, database, storage, tables

app = celery_app.create("q.image_upload")


@app.task(name="workers.image_uploader.upload")
def upload(photo):
    """Takes a photo as base64 and returns the ID of the analysis."""
    data = base64.b64decode(photo, validate=True)
    digest = hashlib.sha256(data).hexdigest()
    known = cache.client().get("image-hash:" + digest)
    if known:
        return known
    image = Image.open(io.BytesIO(data))
    image.draft("RGB", (1024, 1024))  # a JPEG is decoded at a smaller scale: a tenth of the memory
    image = image.convert("RGB")
    image.thumbnail((1024, 1024))
    scaled = io.BytesIO()
    image.save(scaled, "JPEG")
    key = "photos/" + digest + ".jpg"
    storage.put(key, data)
    with database.engine().begin() as connection:
        connection.execute(insert(tables.photos).values(digest=digest, key=key).on_conflict_do_nothing())
    analysis = app.send_task("workers.gpt5_analyzer.analyze", [base64.b64encode(scaled.getvalue()).decode(), digest])
    cache.client().set("image-hash:" + digest, analysis.id, ex=3600)
    return analysis.id
