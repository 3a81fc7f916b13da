"""Finds the recycling rule of a kind of waste."""

from growbin import cache, celery_app, tables

app = celery_app.create("q.rule_retrieval")


@app.task(name="workers.rule_retriever.retrieve")
def retrieve(waste):
    """Returns the ID of the answer. Waste without a rule fails, and its message goes to q.dlq."""
    rule = cache.client().get("cache:rule:" + waste) or tables.rule(waste)
    if rule is None:
        raise LookupError("no rule for " + waste)
    cache.client().set("cache:rule:" + waste, rule, ex=3600)
    return app.send_task("workers.response_generator.respond", [waste, rule]).id
