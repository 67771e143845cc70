"""The OpenAPI 3.1 document, generated from the table of served routes."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from bot.server import schemas
from bot.server.routing import Answers, Parameter, Route

_PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}
_RETRY_AFTER = {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}}
_SECURITY = {
    "customer": "customerToken",
    "channel": "channelKey",
    "operator": "operatorKey",
    "metrics": "metricsToken",
}


def document(routes: Sequence[Route], *, title: str, version: str) -> dict[str, Any]:
    """The document for these routes."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": {"Problem": schemas.PROBLEM},
            "securitySchemes": {
                "customerToken": _bearer("the token of POST /auth"),
                "channelKey": _bearer("a key created with: bot keys create --scope channel"),
                "operatorKey": _bearer("a key created with: bot keys create --scope operator"),
                "metricsToken": _bearer("config.yml's `server: metrics_token:`"),
            },
        },
    }


def problem_statuses(route: Route) -> list[int]:
    """Every error status that the route can answer with."""
    statuses = {*route.problems, 500}
    if route.access:
        statuses |= {400, 401, 403, 503}  # several headers are a 400; callers are looked up in the store
    if route.is_ours:
        statuses.add(400)
    if route.body is not None:
        statuses |= {400, 408, 413, 415}
    return sorted(statuses)


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "operationId": f"{route.method.lower()}{_camel_case(route.path)}",
        "tags": [route.tag],
        "security": [{_SECURITY[who]: []} for who in sorted(route.access)],
        "responses": {str(answer.status): _answer(answer) for answer in (route.answers, *route.other_answers)},
    }
    if route.parameters:
        operation["parameters"] = [_parameter(parameter) for parameter in route.parameters]
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": route.body}}}
    for status in problem_statuses(route):
        operation["responses"].setdefault(str(status), _problem(status))
    return operation


def _answer(answer: Answers) -> dict[str, Any]:
    shown: dict[str, Any] = {"description": answer.about}
    if answer.schema is not None or answer.content_type != "application/json":
        schema = answer.schema if answer.schema is not None else {"type": "string"}
        shown["content"] = {answer.content_type: {"schema": schema}}
    if answer.headers:
        shown["headers"] = {
            header.name: {"description": header.about, "schema": {"type": "string"}} for header in answer.headers
        }
    return shown


def _problem(status: int) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {"application/problem+json": {"schema": _PROBLEM_REF}},
    }
    return {**shown, "headers": _RETRY_AFTER} if status in (429, 503) else shown


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.place == "path",
        "description": parameter.about,
        "schema": parameter.schema,
    }


def _bearer(about: str) -> dict[str, str]:
    return {"type": "http", "scheme": "bearer", "description": about}


def _camel_case(path: str) -> str:
    words = path.replace("{", "by/").replace("}", "").replace(".", "/").replace("_", "/").replace("-", "/").split("/")
    return "".join(word.capitalize() for word in words if word)
