"""Finds the recycling rule of a kind of waste."""

from growbin import celery_app

app = celery_app.create("q.rule_retrieval")

RULES = {
    "bottle": "Empty it, remove the label, and put it into plastics.",
    "can": "Empty it and put it into metals.",
    "newspaper": "Keep it dry and put it into paper.",
}


@app.task(name="workers.rule_retriever.retrieve")
def retrieve(waste):
    """Returns the ID of the answer. Waste without a rule fails, and its message goes to q.dlq."""
    return app.send_task("workers.response_generator.respond", [waste, RULES[waste]]).id
