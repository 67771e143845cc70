"""Calls to other services; the only user of httpx and backoff.

Every failure is a `bot.errors.CallFailed`, which says what went wrong and
whether the request may have had an effect.
"""

from bot.http.body import ResponseSchema
from bot.http.client import Answer, HttpClient, HttpLimits, OnCall

__all__ = ["Answer", "HttpClient", "HttpLimits", "OnCall", "ResponseSchema"]
