"""The payees (beneficiaries) saved for each account. All of them are invented."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from .accounts import CUSTOMERS, Account


class Payee(Struct, frozen=True):
    """Somebody whom an account can pay; `sort_code_and_number` is the UK's 14 digits, at this bank or another."""

    id: str
    name: str
    sort_code_and_number: str


_AMARA, _JONAS = CUSTOMERS["cust-3f8a41"], CUSTOMERS["cust-b20c97"]

_PAYEES: Mapping[str, tuple[Payee, ...]] = {
    _AMARA.current.id: (
        Payee("pe-18c2d0", "Anna Lindqvist", "20457355773312"),
        Payee("pe-5b07e9", "Tom Reid", "11009941206685"),
        Payee("pe-c43a1f", "Tom Okafor", "40181672950437"),
        Payee("pe-9e6602", _JONAS.name, _JONAS.current.sort_code_and_number),
    ),
    _JONAS.current.id: (
        Payee("pe-2f91b8", _AMARA.name, _AMARA.current.sort_code_and_number),
        Payee("pe-7d30c5", "Lena Fischer", "23076418823094"),
    ),
}


def payees_of(account: Account) -> tuple[Payee, ...]:
    """The payees of the account; most accounts have none."""
    return _PAYEES.get(account.id, ())
