"""Sets up all of authentication on one database."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from msgspec import Struct

from bot.auth.authenticator import Authenticator
from bot.auth.codes import CodeHasher
from bot.auth.customers import Customers
from bot.auth.keys import Keys
from bot.auth.login import Login
from bot.auth.pepper import Pepper, open_pepper, read_pepper
from bot.auth.rasa_tokens import RasaTokens
from bot.auth.sessions import Sessions
from bot.config import Settings
from bot.sources import Sources
from bot.stores.customers import CustomerStore
from bot.stores.database import Database
from bot.stores.keys import KeyStore
from bot.stores.sessions import SessionStore
from bot.stores.throttles import ThrottleStore


class Auth(Struct, frozen=True, kw_only=True):
    """All of authentication on one store."""

    authenticator: Authenticator
    login: Login
    sessions: Sessions
    customers: Customers
    keys: Keys
    throttles: ThrottleStore
    hasher: CodeHasher
    pepper: Pepper
    sources: Sources

    async def clear(self) -> None:
        """Delete sessions that are over, and throttles that are over and have not changed for a day."""
        await self.sessions.clear()
        await self.throttles.clear(self.sources.now())

    def close(self) -> None:
        """Stop the threads that hash codes."""
        self.hasher.close()


async def open_auth(
    database: Database, settings: Settings, sources: Sources, *, outcome: Callable[[str], None] = lambda _: None
) -> Auth:
    """Authentication on this database, with the project's pepper.

    `outcome` is called for every login attempt, as `Login` describes. Raises
    ConfigurationError if the pepper is lost, wrong, or readable by others.
    """
    rasa = RasaTokens(settings.rasa_auth)  # raises before anything is created
    customer_store = CustomerStore(database)
    known = await customer_store.pepper_checks()
    pepper = open_pepper(pepper_file(settings), known)
    unrecorded = {key_id: value for key_id, value in pepper.check_values().items() if key_id not in known}
    if unrecorded:
        await customer_store.add_pepper_checks(unrecorded, sources.now())
    hasher = CodeHasher(pepper, reread=partial(read_pepper, pepper_file(settings)))
    sessions = Sessions(SessionStore(database), settings.sessions, sources)
    keys = Keys(KeyStore(database), sources)
    throttles = ThrottleStore(database)
    login = Login(
        customers=customer_store,
        throttles=throttles,
        sessions=sessions,
        hasher=hasher,
        pepper=pepper,
        limits=settings.login,
        sources=sources,
        outcome=outcome,
    )
    customers = Customers(customer_store, hasher, pepper, sources)
    authenticator = Authenticator(sessions, keys, rasa, settings.server.metrics_token)
    return Auth(
        authenticator=authenticator,
        login=login,
        sessions=sessions,
        customers=customers,
        keys=keys,
        throttles=throttles,
        hasher=hasher,
        pepper=pepper,
        sources=sources,
    )


def pepper_file(settings: Settings) -> Path:
    """The path of the project's pepper file."""
    return settings.data / "pepper.json"
