"""What `daypass up` decides about identity providers: those on this machine may be asked, and it takes the list."""

import json
from pathlib import Path

import pytest

from daypass.server.commands import up

ARN = "arn:aws:iam::111122223333:oidc-provider/127.0.0.1:8099"


def test_loopback_providers_are_internal_and_the_environment_lists_providers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {"provider_arn": ARN, "label": "Local company", "client_id": "daypass"}
    monkeypatch.setenv("DAYPASS_IDENTITY_PROVIDERS", json.dumps([entry]))
    monkeypatch.setenv("DAYPASS_OIDC_CLIENT_SECRETS", json.dumps({ARN: "a secret"}))
    monkeypatch.setenv("DAYPASS_INTERNAL_IDENTITY_PROVIDERS", "idp.internal")
    settings = up._load_settings(up._parse_options(["--data-dir", str(tmp_path)]))
    assert settings.internal_identity_providers == ("idp.internal", "127.0.0.1", "localhost", "[::1]")
    (provider,) = settings.identity_providers
    assert provider.client is not None
    assert provider.client.client_secret.reveal() == "a secret"
