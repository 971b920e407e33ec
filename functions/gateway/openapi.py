"""The OpenAPI document, made of the routes and their models. Source: https://spec.openapis.org/oas/v3.1.0"""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from functions.gateway import answers
from functions.gateway.bodies import NewImage
from functions.gateway.call import JSON, PROBLEM, Answer, Call, Route
from functions.gateway.deliveries import ROUTES as DELIVERIES

TEMPLATE = "#/components/schemas/{model}"


def routes(api: Sequence[Route], pages: Sequence[Route]) -> tuple[Route, ...]:
    """The route of the document about these routes, intake's, and itself."""

    def show(_: Call) -> Answer:
        text = document((*DELIVERIES, *api, *pages, this))
        return Answer(text, etag=sha256(text).hexdigest()[:32], headers={"cache-control": "public, no-cache"})

    this = Route("GET", "/openapi.json", "This document", show)
    return (this,)


@lru_cache(maxsize=1)
def document(listed: tuple[Route, ...]) -> bytes:
    """The document as JSON."""
    models = _models(listed)
    _, schemas = models_json_schema(
        [(model, "validation" if _is_asked(model, listed) else "serialization") for model in models],
        ref_template=TEMPLATE,
    )
    paths: dict[str, dict[str, Any]] = {}
    for route in listed:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return json.dumps(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "The House",
                "version": "1",
                "description": "Matches developers who both said yes, and returns what came of it. Every answer "
                "carries X-Correlation-Id; GET /api/journeys/{correlationid} shows what a request led to.",
            },
            "paths": paths,
            "components": {
                "schemas": schemas["$defs"],
                "securitySchemes": {
                    "token": {"type": "http", "scheme": "bearer"},
                    "browser": {"type": "apiKey", "in": "cookie", "name": "house_token"},
                },
            },
        },
        ensure_ascii=False,
    ).encode()


def _models(listed: Sequence[Route]) -> list[type[BaseModel]]:
    named = [model for route in listed for model in (route.body, route.query, route.answer)]
    models = [m for m in named if isinstance(m, type) and issubclass(m, BaseModel)]
    return list(dict.fromkeys([*models, NewImage, answers.Problem]))


def _is_asked(model: type[BaseModel], listed: Sequence[Route]) -> bool:
    return model is NewImage or any(model in (route.body, route.query) for route in listed)


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{route.method.lower()} {route.path}").strip("_"),
        "summary": route.summary,
        "tags": [_topic(route)],
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_header_parameters(route)],
        "responses": _responses(route),
        "security": _security(route),
    }
    if route.roles is not None:
        operation["description"] = f"For: {', '.join(route.roles)}."
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": _body(route)}
    return operation


def _topic(route: Route) -> str:
    if route.page:
        return "pages"
    first, _, second = route.path.strip("/").partition("/")
    return second.partition("/")[0] if first == "api" else first.partition(".")[0]


def _security(route: Route) -> list[dict[str, list[str]]]:
    if route.roles is None:
        return []
    return [{"token": []}, {"browser": []}] if route.method == "GET" else [{"token": []}]


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    properties = route.query.model_json_schema(ref_template=TEMPLATE)["properties"]
    return [{"name": name, "in": "query", "schema": schema} for name, schema in properties.items()]


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    if route.method != "POST" or route.page or route.handler is None:
        return []
    return [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "The same key of the same token makes a repeated request the same one.",
            "schema": {"type": "string", "maxLength": 128},
        }
    ]


def _body(route: Route) -> dict[str, Any]:
    if isinstance(route.body, str):
        return {route.body: {"schema": {}}}
    schema = {"$ref": TEMPLATE.format(model=route.body.__name__)}
    if route.form:
        return {"application/x-www-form-urlencoded": {"schema": schema}}
    content: dict[str, Any] = {JSON: {"schema": schema}}
    if route.octets:
        content["application/octet-stream"] = {"schema": {}}
    if route.upload:
        file = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string"}}}
        content["multipart/form-data"] = {
            "schema": {"allOf": [{"$ref": TEMPLATE.format(model="NewImage")}, file]}
        }
    return content


def _responses(route: Route) -> dict[str, Any]:
    good: dict[str, Any] = {"description": HTTPStatus(route.status).phrase}
    if isinstance(route.answer, str):
        if route.answer:
            good["content"] = {route.answer: {"schema": {}}}
    else:
        good["content"] = {JSON: {"schema": {"$ref": TEMPLATE.format(model=route.answer.__name__)}}}
    responses: dict[str, Any] = {str(route.status): good}
    for status in sorted({*route.refusals, *_usual(route)} - {route.status}):
        described: dict[str, Any] = {"description": HTTPStatus(status).phrase}
        if status == 503 and route.path == "/readyz":
            described["content"] = good["content"]
        elif status >= 400:
            described["content"] = {PROBLEM: {"schema": {"$ref": TEMPLATE.format(model="Problem")}}}
        responses[str(status)] = described
    return responses


def _usual(route: Route) -> set[int]:
    """What any route of this kind may refuse with."""
    usual: set[int] = set()
    if route.roles is not None:
        usual |= {303} if route.page else {401, 403}
    if route.query is not None or route.body is not None:
        usual.add(400)
    if route.download:
        usual.add(429)
    if route.method == "POST":
        usual |= {413, 429}
        usual |= {415} if route.body is not None else set()
        usual |= {400, 422} if route.handler is not None and not route.page else set()
    return usual
