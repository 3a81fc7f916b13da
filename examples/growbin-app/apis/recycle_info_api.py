"""Tells the rule of a kind of waste."""

from fastapi import HTTPException

from growbin import api, cache, tables

app = api.create()


@app.get("/api/v1/recycle")
def known():
    return {"waste": sorted(tables.RULES)}


@app.get("/api/v1/recycle/{waste}")
def rule(waste: str):
    text = cache.client().get("cache:rule:" + waste)
    if text is None:
        text = tables.rule(waste)
        if text is None:
            raise HTTPException(404, "no rule for " + waste)
        cache.client().set("cache:rule:" + waste, text, ex=3600)
    return {"waste": waste, "rule": text}
