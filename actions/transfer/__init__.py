"""Moving money between accounts and to payees: the plugin that registers the transfer form, its actions and effect."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bot import Action, Startup, hookimpl

from ..bank import BankClient
from ..banking import for_customers
from . import form, outcome
from .payees import list_payees
from .payment import KIND, Transfer


@hookimpl
def register_actions(register: Callable[[str, Action], None]) -> None:
    """Register the form's validation and questions, the transfer, later replies about it, and the list of payees."""
    register("validate_transfer_form", form.validate_form)
    register("action_ask_transfer_form_amount", form.ask_amount)
    register("action_ask_transfer_form_from_account", form.ask_source)
    register("action_ask_transfer_form_to_account", form.ask_target)
    register("action_ask_transfer_form_confirmed", form.ask_confirmation)
    register("action_transfer", outcome.run)
    register("action_transfer_status", outcome.status)
    register("action_transfer_settled", outcome.settled)
    register("action_nothing_to_confirm", outcome.nothing_to_confirm)
    register("action_nothing_to_stop", outcome.nothing_to_stop)
    register("action_nothing_to_deny", outcome.nothing_to_deny)
    register("action_no_way_back", outcome.no_way_back)
    register("action_stop_transfer", outcome.stop)
    register("action_undo_transfer", outcome.undo)
    register("action_payees", for_customers(list_payees))


@hookimpl
@asynccontextmanager
async def lifespan(startup: Startup) -> AsyncIterator[None]:
    """Register the effect with the bank client that `bank/` has already opened."""
    startup.add_effect(KIND, Transfer(startup.resources.get("bank", BankClient), startup.sources.now))
    yield
