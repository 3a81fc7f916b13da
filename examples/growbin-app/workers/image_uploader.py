"""Scales a photo, remembers its hash, and sends it to the analysis."""

import base64
import hashlib
import io
import os

import redis
from PIL import Image

from growbin import celery_app

app = celery_app.create("q.image_upload")
cache = redis.Redis.from_url(os.environ["REDIS_URL"])


@app.task(name="workers.image_uploader.upload")
def upload(photo):
    """Takes a photo as base64 and returns the ID of the analysis."""
    data = base64.b64decode(photo, validate=True)
    digest = hashlib.sha256(data).hexdigest()
    known = cache.get("image-hash:" + digest)
    if known:
        return known.decode()
    image = Image.open(io.BytesIO(data))
    image.draft("RGB", (1024, 1024))  # a JPEG is decoded at a smaller scale: a tenth of the memory
    image = image.convert("RGB")
    image.thumbnail((1024, 1024))
    scaled = io.BytesIO()
    image.save(scaled, "JPEG")
    analysis = app.send_task("workers.gpt5_analyzer.analyze", [base64.b64encode(scaled.getvalue()).decode()])
    cache.set("image-hash:" + digest, analysis.id, ex=3600)
    return analysis.id
