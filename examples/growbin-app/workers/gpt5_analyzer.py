"""Names the waste on a photo with the AI API."""

import os

import httpx

from growbin import celery_app

app = celery_app.create("q.gpt5_analysis")
# No more calls at once than the pod's share of the limit; the others wait.
api = httpx.Client(
    base_url=os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1"),
    headers={"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]},
    timeout=httpx.Timeout(60, pool=None),
    limits=httpx.Limits(max_connections=int(os.environ["AI_MAX_CALLS"])),
)


@app.task(name="workers.gpt5_analyzer.analyze", bind=True, max_retries=5)
def analyze(self, photo):
    """Takes a scaled photo as base64 and returns the ID of the retrieval of its rules."""
    response = api.post("/responses", json={"model": "gpt-5", "input": [{"role": "user", "content": [
        {"type": "input_text", "text": "Name the waste in one word."},
        {"type": "input_image", "image_url": "data:image/jpeg;base64," + photo},
    ]}]})
    if response.status_code == 429:
        # The message waits in the broker, so the worker is free meanwhile.
        raise self.retry(countdown=int(response.headers.get("Retry-After", "1")))
    response.raise_for_status()
    waste = response.json()["output"][0]["content"][0]["text"]
    return app.send_task("workers.rule_retriever.retrieve", [waste]).id
