"""Turns an answer's bytes into a checked value: size, content type, JSON, depth, schema."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
from jsonschema import Draft202012Validator, ValidationError, validators

from bot.encoding import decode, deeper_than

_LARGE = 16_384  # bytes; checking more takes milliseconds in Python


class Unusable(Exception):
    """An answer that does not match what was agreed; the message says how, and never quotes it."""


class TooLarge(Exception):
    """An answer longer than the cap."""


def _strings(validator: object, names: Sequence[str], value: Any, schema: object) -> Iterator[ValidationError]:
    """The keyword `strings`: the named properties are strings, if present."""
    if isinstance(value, dict):
        for name in names:
            if not isinstance(value.get(name, ""), str):
                yield ValidationError(f"{name} is not a string")


_Validator = validators.extend(Draft202012Validator, {"strings": _strings})  # type: ignore[no-untyped-call] # jsonschema's own


class ResponseSchema:
    """A JSON schema (draft 2020-12) for answers, built once; `check` raises Unusable.

    One keyword is added: `strings` lists the properties of an object that must
    be strings. A subschema for each would do the same at five times the cost.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        Draft202012Validator.check_schema(schema)
        self._validator = _Validator(schema)

    def check(self, value: Any) -> None:
        """Raise Unusable, naming the rule of the schema that is broken, unless `value` fits."""
        error = next(self._validator.iter_errors(value), None)
        if error is not None:
            rule = "/".join(str(part) for part in error.absolute_schema_path)
            raise Unusable(f"the answer breaks the schema's rule {rule}")

    async def check_without_blocking(self, value: Any, size: int) -> None:
        """Like `check`, but in a thread if the value's text (`size` bytes) is over 16 KiB."""
        if size > _LARGE:
            await asyncio.to_thread(self.check, value)
        else:
            self.check(value)


async def read_body(response: httpx.Response, max_bytes: int) -> bytes:
    """The whole body, at most `max_bytes` long; raises TooLarge, and httpx's errors if the connection breaks."""
    announced = response.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > max_bytes:
        raise TooLarge
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.stream:  # type: ignore[union-attr] # an async transport always gives an async stream
        size += len(chunk)
        if size > max_bytes:
            raise TooLarge
        chunks.append(chunk)
    return b"".join(chunks)


def parse_body(headers: httpx.Headers, body: bytes, max_depth: int) -> Any:
    """The JSON value of the body; raises Unusable unless it is declared to be JSON, is JSON, and is shallow enough."""
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise Unusable("the answer is not declared to be JSON")
    if headers.get("content-encoding", "identity") != "identity":
        raise Unusable("the answer is compressed, which was not asked for")
    try:
        value = decode(body)
    except ValueError:
        raise Unusable("the answer is not JSON") from None
    if deeper_than(value, max_depth):
        raise Unusable(f"the answer is nested deeper than {max_depth} levels")
    return value
