"""Writes the answer for the user."""

from growbin import celery_app

app = celery_app.create("q.response_generation")


@app.task(name="workers.response_generator.respond")
def respond(waste, rule):
    """Returns the answer."""
    return {"waste": waste, "answer": rule}
