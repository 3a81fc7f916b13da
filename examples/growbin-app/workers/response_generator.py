"""Writes the answer for the user."""

from sqlalchemy import func, select

from growbin import ai, cache, celery_app, database, tables

app = celery_app.create("q.response_generation")


@app.task(name="workers.response_generator.respond", bind=True, max_retries=10)
def respond(self, waste, rule):
    """Returns the answer. It is the same for every user, so it is remembered for a day."""
    answer = cache.client().get("chat:answer:" + waste)
    if answer is None:
        try:
            answer = ai.ask("Say it kindly: " + rule)
        except ai.Limited as limited:
            raise self.retry(countdown=limited.seconds)
        cache.client().set("chat:answer:" + waste, answer, ex=cache.DAY)
    with database.engine().connect() as connection:
        asked = connection.scalar(select(func.count()).where(tables.photos.c.waste == waste))
    app.log.get_default_logger().info("%s: photo %d", waste, asked)
    return {"waste": waste, "answer": answer}
