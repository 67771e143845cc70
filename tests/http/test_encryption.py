from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from bot.errors import CallFailed
from bot.http import HttpClient, HttpLimits
from tests.http.kit import serving


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate that nobody vouches for, with its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not on this machine")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    made = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, *subject]
    subprocess.run(made, check=True, capture_output=True, timeout=60)
    return certificate, key


async def test_a_service_that_nobody_vouches_for_is_told_nothing(certificate: tuple[Path, Path]) -> None:
    told: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told.append(await reader.read(1))

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    async with (
        serving(listen, "localhost", ssl=context) as port,
        HttpClient(f"https://localhost:{port}", service="bank", limits=HttpLimits(tries=1)) as http,
    ):
        with pytest.raises(CallFailed) as failed:
            await http.call("POST", "/", name="x", json={"secret": 1})
    assert (failed.value.kind, failed.value.may_have_happened, told) == ("unavailable", False, [])
