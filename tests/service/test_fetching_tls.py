"""Over TLS the server must prove the name that was asked for, whatever address it has."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from service.fetching_addresses import NotFetched
from tests.service.test_fetching import Names, fetch, public_one

pytest.importorskip("cryptography")


def certificate(folder: Path, name: str) -> Path:
    """A certificate for this name that signs itself, with its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8
    plain = serialization.NoEncryption()
    file = folder / f"{name}.pem"
    pem = serialization.Encoding.PEM
    file.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, form, plain))
    return file


@pytest.fixture
def asked_for(tmp_path, monkeypatch) -> Iterator[tuple[int, list[str | None]]]:
    """A server with a certificate of shop.example: its port, and the names it was asked for."""
    file = certificate(tmp_path, "shop.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = threading.Thread(target=serve, args=(listening, context), daemon=True)
        server.start()
        yield listening.getsockname()[1], names
        listening.shutdown(socket.SHUT_RDWR)
        server.join(5)


def serve(listening: socket.socket, context: ssl.SSLContext) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            with connection, suppress(OSError), context.wrap_socket(connection, True) as safe:
                safe.recv(4096)
                safe.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nsafe"
                )


def over_tls(host: str, port: int) -> bytes:
    names = Names(shop_example=[["127.0.0.1"]], evil_example=[["127.0.0.1"]])
    how = {"resolver": names, "allowed": public_one, "ports": {port}}
    return fetch(f"https://{host}:{port}/", **how).body


def test_the_name_is_asked_for_and_proven_though_the_address_was_chosen_before(asked_for):
    port, names = asked_for
    assert over_tls("shop.example", port) == b"safe"
    assert over_tls("shop.example.", port) == b"safe"
    assert names == ["shop.example", "shop.example"]


def test_a_server_that_proves_another_name_is_left(asked_for):
    port, _ = asked_for
    with pytest.raises(NotFetched) as refused:
        over_tls("evil.example", port)
    assert refused.value.code == "unreachable"
    assert "certificate" in refused.value.detail.lower()
