"""Names the waste on a photo with the AI API."""

from growbin import ai, cache, celery_app, database, tables

app = celery_app.create("q.gpt5_analysis")


@app.task(name="workers.gpt5_analyzer.analyze", bind=True, max_retries=10)
def analyze(self, photo, digest):
    """Takes a scaled photo as base64 and returns the ID of the retrieval of its rules."""
    waste = cache.client().get("cache:waste:" + digest)
    if waste is None:
        try:
            waste = ai.ask("Name the waste in one word.", photo)
        except ai.Limited as limited:
            # The message waits in the broker, so the worker is free meanwhile.
            raise self.retry(countdown=limited.seconds)
        cache.client().set("cache:waste:" + digest, waste, ex=3600)
        with database.engine().begin() as connection:
            connection.execute(tables.photos.update().where(tables.photos.c.digest == digest).values(waste=waste))
    return app.send_task("workers.rule_retriever.retrieve", [waste]).id
