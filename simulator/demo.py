"""The demo customers: their logins, and who they are at the bank."""

from __future__ import annotations

from msgspec import Struct


class DemoCustomer(Struct, frozen=True):
    """A login to the bot (`account_number` and `code`, leading zeros count) and the bank's id of its owner."""

    account_number: str
    code: str
    bank_customer_id: str
    name: str


DEMO_CUSTOMERS = (
    DemoCustomer("12345678", "135790", "cust-3f8a41", "Amara Okafor"),
    DemoCustomer("87654321", "024680", "cust-b20c97", "Jonas Whitfield"),
    DemoCustomer("00123456", "000042", "cust-6d15e0", "Priya Raman"),
)
