"""HTTPS to the upstream: checked, and refused where it cannot be."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from counterproof.rely import wire
from tests.rely.wire.sockets import echo

NewLoop = Callable[[], asyncio.AbstractEventLoop] | None


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for this machine that nobody else vouches for, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "upstream")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "upstream.pem"
    plain = serialization.NoEncryption()
    key_pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key_pem)
    return path


async def _asked(certificate: Path, trusts: ssl.SSLContext | None) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    stop = asyncio.Event()
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = wire.Server(echo).serve(("127.0.0.1", 0), ready.set_result, stop, tls=context)
    task = asyncio.ensure_future(serving)
    upstream = wire.Upstream(await ready, tls=trusts)
    try:
        found = b""
        for _ in range(3):
            answer = await upstream.ask("POST", "/x", [], b"y" * 100_000)
            found = await answer.whole()
        assert upstream.open_connections == 1
        return found
    finally:
        upstream.close()
        stop.set()
        await task


def test_an_upstream_that_is_vouched_for_is_asked(new_loop: NewLoop, certificate: Path) -> None:
    with asyncio.Runner(loop_factory=new_loop) as runner:
        trusts = ssl.create_default_context(cafile=certificate)
        assert runner.run(_asked(certificate, trusts)) == b"POST /x " + b"y" * 100_000


def test_an_upstream_that_nobody_vouches_for_is_not(new_loop: NewLoop, certificate: Path) -> None:
    with (
        asyncio.Runner(loop_factory=new_loop) as runner,
        pytest.raises(wire.UpstreamFailed, match=r"takes no connection \(its certificate does not hold: self"),
    ):
        runner.run(_asked(certificate, None))


def test_a_client_is_not_told_what_the_upstream_is_called(new_loop: NewLoop, certificate: Path) -> None:
    """OpenSSL says for which name a certificate does not hold: it is the name that was asked for."""

    async def work() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        stop = asyncio.Event()
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task = asyncio.ensure_future(wire.Server(echo).serve(("127.0.0.1", 0), ready.set_result, stop, tls=context))
        url = (await ready).replace("127.0.0.1", "localhost")
        upstream = wire.Upstream(url, tls=ssl.create_default_context(cafile=certificate))
        try:
            with pytest.raises(wire.UpstreamFailed, match="it is for another name") as caught:
                await upstream.ask("GET", "/x", [])
            assert "localhost" not in caught.value.what
        finally:
            upstream.close()
            stop.set()
            await task

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(work())
