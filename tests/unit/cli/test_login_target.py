"""What a login is for: which services are looked at before a link is shown, and which may be plain http."""

import argparse

import pytest

from daypass.cli import login_target
from daypass.cli.login_target import check_reachable, chosen_endpoint
from daypass.client.aws_config import load_config
from daypass.errors import UsageError
from daypass.protocol.aws.endpoints import signin_endpoint


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    urls: list[str] = []
    monkeypatch.setattr(login_target, "check_answers", urls.append)
    return urls


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1"])
def test_the_services_of_aws_are_never_looked_at(asked: list[str], region: str) -> None:
    """Also where a profile names them."""
    check_reachable(None, region)
    check_reachable(signin_endpoint(region), region)
    check_reachable(signin_endpoint(region, use_dual_stack=True), region)
    assert asked == []


def test_a_self_hosted_service_is_looked_at_once(asked: list[str]) -> None:
    check_reachable("https://signin.example.com", "us-east-1")
    assert asked == ["https://signin.example.com/.well-known/oauth-authorization-server"]


@pytest.mark.parametrize(
    "host",
    ["localhost.example", "127.0.0.1.example", "0.0.0.0", "[::]", "[::ffff:10.0.0.1]", "10.0.0.1", "127.1"],
)
@pytest.mark.parametrize("scheme", ["http", "HTTP"])
def test_plain_http_beyond_loopback_is_refused(scheme: str, host: str) -> None:
    profile = load_config({}).profile("dev")
    arguments = argparse.Namespace(endpoint_url=f"{scheme}://{host}")
    with pytest.raises(UsageError, match="plain http"):
        chosen_endpoint(arguments, profile, {})


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "[::1]:8080"])
def test_plain_http_on_loopback_is_taken(host: str) -> None:
    profile = load_config({}).profile("dev")
    assert chosen_endpoint(argparse.Namespace(endpoint_url=f"http://{host}"), profile, {}) == f"http://{host}"
