"""Calls over real connections."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from bot.errors import CallFailed, ConfigurationError
from bot.http import HttpClient, HttpLimits
from tests.http.kit import serving


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A self-signed certificate, with its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not on this machine")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    made = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, *subject]
    subprocess.run(made, check=True, capture_output=True, timeout=60)
    return certificate, key


@pytest.mark.parametrize("scheme", ["https", "HTTPS"])
async def test_nothing_is_sent_to_a_service_with_an_untrusted_certificate(
    certificate: tuple[Path, Path], scheme: str
) -> None:
    told: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told.append(await reader.read(1))

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    async with (
        serving(listen, "localhost", ssl=context) as port,
        HttpClient(f"{scheme}://localhost:{port}", service="bank", limits=HttpLimits(tries=1)) as http,
    ):
        with pytest.raises(CallFailed) as failed:
            await http.call("POST", "/", name="x", json={"secret": 1})
    assert (failed.value.kind, failed.value.may_have_happened, told) == ("unavailable", False, [])
    assert failed.value.reason.startswith("certificate not trusted: self")


async def answer_seven(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n7")
    await writer.drain()


async def test_cafile_and_ssl_cert_file_name_the_trusted_authorities(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    limits = HttpLimits(tries=1)
    async with serving(answer_seven, "localhost", ssl=context) as port:
        url = f"https://localhost:{port}"
        async with HttpClient(url, service="bank", limits=limits, cafile=str(certificate[0])) as http:
            assert (await http.call("GET", "/", name="x")).data == 7
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        async with HttpClient(url, service="bank", limits=limits) as http:
            assert (await http.call("GET", "/", name="x")).data == 7


async def test_client_presents_its_certificate(certificate: tuple[Path, Path]) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificate[0]))
    context.load_cert_chain(*certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    cafile, keyfile = map(str, certificate)
    async with serving(answer_seven, "localhost", ssl=context) as port:
        url = f"https://localhost:{port}"
        async with HttpClient(url, service="bank", cafile=cafile, certfile=cafile, keyfile=keyfile) as http:
            assert (await http.call("GET", "/", name="x")).data == 7
        async with HttpClient(url, service="bank", limits=HttpLimits(tries=1), cafile=cafile) as http:
            with pytest.raises(CallFailed):
                await http.call("GET", "/", name="x")


def test_unreadable_cafile_is_rejected_when_the_client_is_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.pem cannot be read: No such file"):
        HttpClient("https://x", service="bank", cafile=str(tmp_path / "nowhere.pem"))


async def test_environment_proxies_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n1")
        await writer.drain()

    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with (
        serving(serve) as port,
        HttpClient(f"http://127.0.0.1:{port}", service="x", limits=HttpLimits(tries=1)) as http,
    ):
        assert (await http.call("GET", "/", name="x")).data == 1


async def test_connections_are_usable_again_after_cancelled_calls() -> None:
    hung = asyncio.Semaphore(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.read(65_536):
            if b"/hang" in head:
                hung.release()
            else:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n7")

    async with (
        serving(serve) as port,
        HttpClient(f"http://127.0.0.1:{port}", service="bank", limits=HttpLimits(connections=2)) as http,
    ):
        given_up = [asyncio.create_task(http.call("GET", "/hang", name="hang")) for _ in range(2)]
        await hung.acquire()
        await hung.acquire()
        for _ in range(2):  # a second time while the first is being tidied up, as two deadlines at once do
            for task in given_up:
                task.cancel()
            await asyncio.sleep(0)
        await asyncio.wait(given_up)
        answers = await asyncio.gather(*(http.call("GET", "/x", name="x") for _ in range(4)))
        assert [answer.data for answer in answers] == [7, 7, 7, 7]
