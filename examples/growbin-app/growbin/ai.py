"""The AI API, within the pod's share of its limit."""

import functools
import os

import httpx


class Limited(Exception):
    """The API is over its limit; seconds is the time to wait."""

    def __init__(self, seconds):
        super().__init__(f"over the limit of the AI API, for {seconds} s")
        self.seconds = seconds


@functools.cache
def _client():
    # No more calls at once than the pod's share of the limit; the others wait.
    return httpx.Client(
        base_url=os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1"),
        headers={"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]},
        timeout=httpx.Timeout(60, pool=None),
        limits=httpx.Limits(max_connections=int(os.environ["AI_MAX_CALLS"])),
    )


def ask(text, photo=None):
    """Returns the answer to a text and a photo in base64. Raises Limited, and httpx.HTTPError for every other failure."""
    content = [{"type": "input_text", "text": text}]
    if photo:
        content.append({"type": "input_image", "image_url": "data:image/jpeg;base64," + photo})
    response = _client().post("/responses", json={"model": "gpt-5", "input": [{"role": "user", "content": content}]})
    if response.status_code == 429:
        raise Limited(int(response.headers.get("Retry-After", "1")))
    response.raise_for_status()
    return response.json()["output"][0]["content"][0]["text"]
