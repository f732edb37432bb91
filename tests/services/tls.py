"""Certificates for the tests: an authority of their own, and a server's key that it vouches for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Authority:
    """Its own certificate and what it gives out lie in `folder`, as PEM files."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._key, self._name = folder, ec.generate_private_key(ec.SECP256R1()), _named("tests")
        made = _certificate(self._name, self._name, self._key.public_key())
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.certificate = folder / "ca.pem"
        self.certificate.write_bytes(_pem(made.sign(self._key, hashes.SHA256())))

    def server(self, address: str) -> Path:
        """The key and the certificate of a server at this IP address, in one file."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _certificate(_named(address), self._name, key.public_key())
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        signed = made.add_extension(names, critical=False).sign(self._key, hashes.SHA256())
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file = self._folder / "server.pem"
        file.write_bytes(secret + _pem(signed))
        return file


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return x509.CertificateBuilder(
        issuer_name=issuer, subject_name=subject, public_key=key, serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(hours=1), not_valid_after=now + timedelta(days=1),
    )  # fmt: skip


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
