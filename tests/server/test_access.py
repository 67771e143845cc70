"""Every route with every credential: the server enforces what the table of routes says."""

from __future__ import annotations

from typing import Any

import pytest

from bot.server.app import ROUTES
from bot.server.routing import Route, canonical_path

from .conftest import OTHER_ACCOUNT, OTHER_CODE, Running

ENDS_THE_SESSION = ("/auth/logout", "/auth/rotate")


async def credentials(running: Running) -> dict[str, dict[str, str]]:
    return {
        "nobody": {},
        "stranger": {"Authorization": "Bearer nobody-knows-this"},
        "customer": await running.login(OTHER_ACCOUNT, OTHER_CODE),
        "channel": await running.key("channel"),
        "operator": await running.key("operator"),
    }


def expected(route: Route, who: str) -> int | None:
    """The status of the expected refusal, or None if the handler must answer."""
    if not route.access:
        return None
    if who in ("nobody", "stranger"):
        return 401
    return None if who in route.access else 403


async def ask(running: Running, route: Route, headers: dict[str, str]) -> Any:
    path = route.path.replace("{id}", "unknown").replace("{name}", "unknown")
    body = {"json": {}} if route.body is not None else {}
    return await running.client.request(route.method, path, headers=headers, allow_redirects=False, **body)


async def test_every_route_enforces_its_access_for_every_credential(real: Running) -> None:
    tried, known = 0, await credentials(real)
    for route in sorted(real.client.server.app[ROUTES], key=lambda r: r.path in ENDS_THE_SESSION):  # type: ignore[attr-defined]
        if route.path in ENDS_THE_SESSION:
            known["customer"] = await real.login(OTHER_ACCOUNT, OTHER_CODE)
        for who, headers in known.items():
            answer = await ask(real, route, headers)
            due = expected(route, who)
            where = f"{route.method} {route.path} as {who}: {answer.status}"
            tried += 1
            if due is None:
                assert answer.status not in (401, 403) or route.path == "/auth", where
            else:
                assert answer.status == due, where
                challenge = answer.headers["WWW-Authenticate"]
                error = {"nobody": "", "stranger": ', error="invalid_token"'}.get(who, ', error="insufficient_scope"')
                assert challenge == f'Bearer realm="bot"{error}', where
            assert answer.headers["Cache-Control"] == ("no-cache" if "ETag" in answer.headers else "no-store"), where
            if answer.status >= 400:
                assert answer.content_type == "application/problem+json", where
            assert answer.headers["X-Correlation-ID"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert tried > 100


async def test_head_is_answered_like_get_without_a_body(real: Running) -> None:
    answer = await real.client.head("/health")
    assert (answer.status, await answer.read()) == (200, b"")
    assert answer.headers["Server"] == "Teller"
    assert (await real.client.head("/status")).status == 401


async def test_only_routes_of_the_table_are_served(real: Running) -> None:
    app = real.client.server.app  # type: ignore[attr-defined]
    served = {(route.method, route.resource.canonical) for route in app.router.routes() if route.method != "HEAD"}
    listed = {(route.method, route.path) for route in app[ROUTES]}
    assert {(method, canonical_path(path)) for method, path in served} == {
        (method, canonical_path(path)) for method, path in listed
    }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/auth", 405), ("DELETE", "/chat", 405), ("GET", "/page/../parts.py", 404)],
)
async def test_unknown_path_and_wrong_method_are_problems(real: Running, method: str, path: str, status: int) -> None:
    answer = await real.client.request(method, path)
    assert (answer.status, answer.content_type) == (status, "application/problem+json")
    assert (status == 405) == ("Allow" in answer.headers)


async def test_operators_can_list_and_end_sessions_but_customers_cannot(
    real: Running,
) -> None:
    customer, operator = await real.login(), await real.key("operator")
    listed = (await (await real.client.get("/auth/sessions", headers=operator)).json())["sessions"]
    assert [session["customerId"] for session in listed] == [real.customer]
    assert listed[0]["accountNumber"] == "****56"
    for customer_id, number in ((real.customer, 1), ("bank-3", 1), ("nobody", 0)):
        asked = await real.client.get("/auth/sessions", params={"customer": customer_id}, headers=operator)
        assert len((await asked.json())["sessions"]) == number
    path = f"/auth/sessions/{listed[0]['sessionId']}"
    assert (await real.client.delete(path, headers=customer)).status == 403
    assert (await real.client.delete(path, headers=operator)).status == 204
    assert (await real.client.delete(path, headers=operator)).status == 404
    assert (await real.client.get("/auth/session", headers=customer)).status == 401


async def test_rotation_and_logout_invalidate_old_tokens(real: Running) -> None:
    old = await real.login()
    rotated = await (await real.client.post("/auth/rotate", headers=old)).json()
    new = {"Authorization": f"Bearer {rotated['token']}"}
    assert (await real.client.get("/auth/session", headers=old)).status == 200
    session = await (await real.client.get("/auth/session", headers=new)).json()
    assert session["expiresAt"] == rotated["expiresAt"]
    assert (await real.client.get("/auth/session", headers=old)).status == 401
    assert (await real.client.post("/auth/logout", headers=new)).status == 204
    assert (await real.client.get("/auth/session", headers=new)).status == 401


async def test_throttled_login_has_retry_after(real: Running) -> None:
    for _ in range(5):
        await real.client.post("/auth", json={"accountNumber": "99999999", "code": "1"})
    answer = await real.client.post("/auth", json={"accountNumber": "99999999", "code": "1"})
    assert (answer.status, answer.headers["Retry-After"]) == (429, "30")


async def test_login_rejects_a_body_that_does_not_match_the_schema(real: Running) -> None:
    for body in (
        {"accountNumber": 123456, "code": "42"},
        {"accountNumber": "123456"},
        {"accountNumber": "", "code": ""},
    ):
        answer = await real.client.post("/auth", json=body)
        assert answer.status == 400
    answer = await real.client.post("/auth", json={"accountNumber": "1", "code": "2", "remember": True})
    assert (await answer.json())["errors"][0]["detail"] == "only these keys are known: accountNumber, code"
