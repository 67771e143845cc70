"""Request bodies: bounded JSON, not too deep, that matches the route's schema; or a problem that says what is wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from itertools import islice
from typing import Any

from aiohttp import web
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from bot.encoding import decode, deeper_than, may_have_long_number
from bot.server.problems import Problem
from bot.server.schemas import NO_CONTROLS

_READ_SECONDS = 10.0
_MOST_DIGITS = 20  # of a 64-bit number, or a sign and 19
_MOST_ERRORS = 10


class ClientGone(Exception):
    """The client disconnected before its request was complete: there is nobody to answer, and nothing is wrong here."""


async def read_json(request: web.Request, *, max_bytes: int, max_depth: int, any_type: bool = False) -> Any:
    """The body's JSON value; raises Problem 400, 408, 413 or 415, and ClientGone.

    With `any_type` its Content-Type does not matter, as in Rasa.
    """
    if not any_type and request.content_type != "application/json":
        raise Problem(415, "unsupported_media_type", "send JSON with the header Content-Type: application/json")
    if "Content-Encoding" in request.headers:
        raise Problem(415, "unsupported_media_type", "send the JSON as it is, without the header Content-Encoding")
    raw = await read_bytes(request, max_bytes=max_bytes)
    try:
        value = decode(raw)
    except ValueError:
        detail = "the body is not JSON (RFC 8259, UTF-8), or a number in it is out of range"
        raise Problem(400, "not_json", detail) from None
    # The number of brackets bounds the depth: only a body with many is walked.
    if raw.count(b"{") + raw.count(b"[") > max_depth and deeper_than(value, max_depth):
        raise Problem(400, "too_deep", f"the JSON is nested deeper than {max_depth} levels")
    if may_have_long_number(raw) and _has_long_number(raw):
        detail = "a whole number in the body has more than 64 bits and would be rounded; write it as a string"
        raise Problem(400, "not_json", detail)
    return value


def _has_long_number(raw: bytes) -> bool:
    """Whether a whole number in this JSON has more than 64 bits: it was read as the nearest float."""
    found = False

    def look(digits: str) -> None:
        nonlocal found
        if len(digits) > _MOST_DIGITS or not -(2**63) <= int(digits) < 2**64:
            found = True

    json.loads(raw, parse_int=look)
    return found


async def read_bytes(request: web.Request, *, max_bytes: int) -> bytes:
    """The raw body; raises ClientGone, and Problem 413 if it is too large, 408 if it arrives too slowly.

    Raises Problem 400 if the body has a transfer coding that nothing here decodes (RFC 9112, 6.1).
    """
    if _has_other_coding(request):
        raise Problem(400, "bad_request", "the only transfer coding accepted is `Transfer-Encoding: chunked`")
    if (request.content_length or 0) > max_bytes:
        raise Problem(413, "too_large", f"the body is larger than {max_bytes} bytes")
    try:
        if request.content.is_eof():
            return await request.read()
        async with asyncio.timeout(_READ_SECONDS):
            return await request.read()
    except TimeoutError:
        raise Problem(408, "too_slow", "the body did not arrive in time", headers={"Connection": "close"}) from None
    except web.HTTPRequestEntityTooLarge:
        raise Problem(413, "too_large", f"the body is larger than {max_bytes} bytes") from None
    except OSError as error:  # after TimeoutError, which is a subclass
        raise ClientGone from error


def _has_other_coding(request: web.Request) -> bool:
    codings = request.headers.getall("Transfer-Encoding", ())
    return any(coding.strip().lower() != "chunked" for coding in codings)


class BodySchema:
    """A JSON schema with its validator, built once. Tests check that our schemas are valid, so start-up need not."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema
        self._validator = Draft202012Validator(schema)
        self._is_simple_object = schema.keys() <= _OBJECT_KEYWORDS
        self._strings = {name: item for name, item in schema.get("properties", {}).items() if _is_simple_string(item)}
        self._required = frozenset(schema.get("required", ()))

    def check(self, value: Any) -> None:
        """Raise Problem 400 with up to ten errors, each with its location; values are not repeated."""
        if self.is_plainly_good(value) or self._validator.is_valid(value):
            return
        errors: list[dict[str, str]] = []
        for error in islice(self._validator.iter_errors(value), _MOST_ERRORS):
            innermost: Any = best_match([error])  # of several alternatives, the one that the value comes closest to
            described = {"pointer": _pointer(innermost.absolute_path), "detail": _sentence(innermost)}
            if described not in errors:
                errors.append(described)
        raise Problem(400, "invalid_body", "the body does not match what this route takes", errors=errors)

    def is_plainly_good(self, value: Any) -> bool:
        """Whether the value is a valid object of known strings only: most bodies are, and then need no validator."""
        if not self._is_simple_object or type(value) is not dict or not self._required <= value.keys():
            return False
        for name, item in value.items():
            bounds = self._strings.get(name)
            if bounds is None or type(item) is not str:
                return False
            if "pattern" in bounds and not item.isprintable():
                return False
            if not bounds.get("minLength", 0) <= len(item) <= bounds.get("maxLength", len(item)):
                return False
        return True


_OBJECT_KEYWORDS = frozenset({"type", "properties", "required", "additionalProperties"})


def _is_simple_string(schema: Mapping[str, Any]) -> bool:
    """Whether the schema restricts a string only in its length and to having no control characters."""
    plain = schema.keys() <= {"type", "minLength", "maxLength", "pattern", "description"}
    types = schema.get("type", ())
    may_be_text = types == "string" or "string" in types
    return plain and may_be_text and schema.get("pattern", NO_CONTROLS) == NO_CONTROLS


def _pointer(path: Any) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


_TYPES = {
    "string": "a string",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "an object",
    "array": "an array",
    "null": "null",
}


def _sentence(error: Any) -> str:
    """What is wrong, without the value, which may be a code or a message."""
    match error.validator:
        case "required":
            missing = [name for name in error.validator_value if name not in error.instance]
            return f"{', '.join(missing)} must be given"
        case "additionalProperties":
            return f"only these keys are known: {', '.join(error.schema['properties'])}"
        case "type":
            allowed = [error.validator_value] if isinstance(error.validator_value, str) else error.validator_value
            return f"must be {' or '.join(_TYPES[name] for name in allowed)}"
        case "minLength":
            return f"must have at least {error.validator_value} characters"
        case "maxLength":
            return f"must have at most {error.validator_value} characters"
        case "maxItems":
            return f"must have at most {error.validator_value} items"
        case "pattern":
            return "must have no control characters"
        case "enum":
            return f"must be one of {', '.join(map(str, error.validator_value))}"
        case "const":
            return f"must be {error.validator_value}"
    return "must have one of the forms that /openapi.json shows"
