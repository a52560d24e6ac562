"""Over TLS current SDKs send a trailing checksum and an unsigned payload by default: the whole way through."""

import datetime as dt
import io
import ipaddress
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from support.gateway_process import run_gateway

pytestmark = [pytest.mark.processes, pytest.mark.clients]


def _write_certificate(folder: Path) -> tuple[Path, Path]:
    signing_key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway under test")])
    now = dt.datetime.fromtimestamp(time.time(), dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(signing_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(signing_key, hashes.SHA256())
    )
    certificate_path, key_path = folder / "tls.crt", folder / "tls.key"
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        signing_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_path, key_path


@pytest.fixture(scope="module")
def secure(site: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The same site over TLS, and its certificate."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = _write_certificate(folder)
    config = replace(site.config, tls_cert=str(certificate), tls_key=str(key))
    with run_gateway(config, folder) as gateway:
        yield replace(site, gateway=gateway, config=config), str(certificate)


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])
def test_boto3_over_tls_sends_a_trailing_checksum_that_is_stored(
    secure: Any, bucket: str, algorithm: str
) -> None:
    site, certificate = secure
    s3 = site.client("alice", verify=certificate)
    sent: list[str] = []
    s3.meta.events.register(
        "before-send.s3.PutObject",
        lambda request, **_: sent.append(request.headers["x-amz-content-sha256"].decode()),
    )
    content = b"trailing" * 20_000
    put = s3.put_object(Bucket=bucket, Key="t", Body=io.BytesIO(content), ChecksumAlgorithm=algorithm)
    assert sent == ["STREAMING-UNSIGNED-PAYLOAD-TRAILER"]
    got = s3.get_object(Bucket=bucket, Key="t", ChecksumMode="ENABLED")
    assert got["Body"].read() == content
    assert got.get("ContentEncoding") is None
    assert put[f"Checksum{algorithm}"] == got[f"Checksum{algorithm}"]


def test_a_multipart_upload_over_tls(secure: Any, bucket: str) -> None:
    site, certificate = secure
    s3 = site.client("alice", verify=certificate)
    content = bytes(range(256)) * 70_000
    settings = TransferConfig(multipart_threshold=5 * 1024 * 1024, multipart_chunksize=5 * 1024 * 1024)
    s3.upload_fileobj(io.BytesIO(content), bucket, "big", Config=settings)
    into = io.BytesIO()
    s3.download_fileobj(bucket, "big", into, Config=settings)
    assert into.getvalue() == content
