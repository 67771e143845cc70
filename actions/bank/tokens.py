"""Exchanges the bot's secret for short-lived tokens, one per customer, cached until shortly before they expire."""

from __future__ import annotations

import base64
from collections import OrderedDict

from bot import CallFailed, HttpClient, Sources

from .schemas import TOKEN

_MARGIN = 15.0  # seconds before its expiry when a token is no longer used
_MOST = 10_000
_CHECKED = 60.0  # seconds for which accepted credentials need not be checked again


class Tokens:
    """Tokens by bank customer id; the least recently used ones are dropped first."""

    def __init__(self, http: HttpClient, client_id: str, secret: str, sources: Sources) -> None:
        self._http = http
        self._authorization = "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        self._monotonic = sources.monotonic
        self._kept: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._good_until = float("-inf")

    async def token(self, customer: str, correlation_id: str) -> str:
        """A token bound to this bank customer; raises CallFailed."""
        token, expires = self._kept.get(customer, ("", 0.0))
        if token and self._monotonic() < expires:
            self._kept.move_to_end(customer)
            return token
        return await self._exchange(customer, correlation_id)

    async def check(self) -> None:
        """Raise CallFailed if the bank does not accept the bot's credentials; asks it at most once a minute.

        The request names no customer, so a 400 with an error other than `invalid_client` (RFC 6749, 5.2) means yes.
        """
        asked = self._monotonic()
        if asked < self._good_until:
            return
        answer = await self._http.call(
            "POST",
            "/token",
            name="token",
            form={"grant_type": "client_credentials"},
            headers={"Authorization": self._authorization},
            idempotent=True,
            effect=False,
            accept=frozenset({400}),
        )
        if isinstance(answer.data, dict) and answer.data.get("error") == "invalid_client":
            reason = "the bank does not take the bot's credentials"
            raise CallFailed("rejected", service="bank", call="token", reason=reason, status=answer.status)
        self._good_until = asked + _CHECKED

    def drop(self, customer: str, token: str) -> None:
        """Drop a token that the bank no longer accepts."""
        if self._kept.get(customer, ("", 0.0))[0] == token:
            del self._kept[customer]

    async def _exchange(self, customer: str, correlation_id: str) -> str:
        asked = self._monotonic()
        answer = await self._http.call(
            "POST",
            "/token",
            name="token",
            schema=TOKEN,
            form={"grant_type": "client_credentials", "customer": customer},
            headers={"Authorization": self._authorization},
            correlation_id=correlation_id,
            idempotent=True,
            effect=False,
        )
        token: str = answer.data["access_token"]
        self._kept[customer] = (token, asked + answer.data["expires_in"] - _MARGIN)
        self._kept.move_to_end(customer)
        if len(self._kept) > _MOST:
            self._kept.popitem(last=False)
        return token
