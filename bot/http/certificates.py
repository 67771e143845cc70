"""TLS certificates: which ones a connection trusts, and which one it presents."""

from __future__ import annotations

import ssl

import httpx
from msgspec import Struct

from bot.errors import ConfigurationError


class Certificates(Struct, frozen=True):
    """PEM files: the authorities to trust instead of the public ones, and the client's own certificate and key."""

    cafile: str | None = None
    certfile: str | None = None
    keyfile: str | None = None

    def context(self) -> ssl.SSLContext:
        """The TLS context; raises ConfigurationError for a file that cannot be read.

        Without a `cafile` it trusts the authorities in `SSL_CERT_FILE` or `SSL_CERT_DIR`, or else the public ones.
        """
        try:
            context = ssl.create_default_context(cafile=self.cafile) if self.cafile else httpx.create_ssl_context()
        except OSError as error:  # ssl.SSLError is one too
            raise _unusable("authorities", self.cafile or "SSL_CERT_FILE or SSL_CERT_DIR", error) from None
        if self.certfile:
            try:
                context.load_cert_chain(self.certfile, self.keyfile)
            except OSError as error:
                raise _unusable(
                    "certificate", f"{self.certfile} (key: {self.keyfile or 'in the same file'})", error
                ) from None
        return context


def _unusable(what: str, where: str, error: OSError) -> ConfigurationError:
    problem = f"the {what} in {where} cannot be read: {error.strerror or error}; name a file of PEM certificates"
    return ConfigurationError([problem])


def distrust(error: BaseException) -> str | None:
    """The TLS problem that prevented a connection; None if it failed for another reason."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"certificate not trusted: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return f"no encrypted connection: {cause.reason or type(cause).__name__}"
        cause = cause.__cause__ or cause.__context__
    return None
