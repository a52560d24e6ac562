"""Every region of every partition the installed AWS SDK knows gets the host the SDK would use."""

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError
from botocore.loaders import Loader

from daypass.errors import ConfigError
from daypass.protocol.aws.endpoints import (
    PARTITIONS,
    console_endpoint,
    control_plane_endpoint,
    iam_endpoint,
    oauth_endpoint,
    partition_of_region,
    signin_endpoint,
    sts_endpoint,
)

_SDK_PARTITIONS: dict[str, Any] = json.loads(
    (Path(botocore.__file__).parent / "data" / "partitions.json").read_text()
)


@lru_cache
def _sdk_rules(service: str) -> EndpointProvider:
    rules = Loader().load_service_model(service, "endpoint-rule-set-1")
    return EndpointProvider(rules, _SDK_PARTITIONS)


def _sdk_regions() -> Iterator[tuple[str, str]]:
    for partition in _SDK_PARTITIONS["partitions"]:
        for region in partition["regions"]:
            yield partition["id"], region
    yield "aws", "nowhere-atall-9"
    yield "aws", "us-east-99"


_VARIANTS = [(fips, dual) for fips in (False, True) for dual in (False, True)]


def test_the_sdk_knows_no_partition_that_we_do_not() -> None:
    assert {p["id"] for p in _SDK_PARTITIONS["partitions"]} == {p.name for p in PARTITIONS}


@pytest.mark.parametrize(("partition", "region"), list(_sdk_regions()))
def test_each_region_belongs_to_the_partition_the_sdk_says(partition: str, region: str) -> None:
    assert partition_of_region(region).name == partition


@pytest.mark.parametrize(("fips", "dual"), _VARIANTS)
@pytest.mark.parametrize("region", [region for _, region in _sdk_regions()])
def test_signin_sts_and_iam_hosts_are_the_sdks(region: str, fips: bool, dual: bool) -> None:
    common = {"Region": region, "UseFIPS": fips, "UseDualStack": dual}
    assert (
        signin_endpoint(region, use_fips=fips, use_dual_stack=dual)
        == _sdk_rules("signin").resolve_endpoint(**common).url
    )
    assert (
        sts_endpoint(region, use_fips=fips, use_dual_stack=dual)
        == _sdk_rules("sts").resolve_endpoint(**common, UseGlobalEndpoint=False).url
    )
    assert (
        iam_endpoint(region, use_fips=fips, use_dual_stack=dual)
        == _sdk_rules("iam").resolve_endpoint(**common).url
    )


@pytest.mark.parametrize("region", [region for _, region in _sdk_regions()])
def test_control_plane_and_oauth_hosts_are_the_sdks(region: str) -> None:
    common = {"Region": region, "UseFIPS": False, "UseDualStack": False}
    rules = _sdk_rules("signin")
    assert control_plane_endpoint(region) == rules.resolve_endpoint(**common, IsControlPlane=True).url
    if partition_of_region(region).name == "aws":
        assert oauth_endpoint(region) == rules.resolve_endpoint(**common, IsOAuthEndpoint=True).url
    else:
        with pytest.raises(ConfigError):
            oauth_endpoint(region)


@pytest.mark.parametrize(
    ("region", "fips", "dual", "url"),
    [
        ("us-east-1", False, False, "https://us-east-1.signin.aws.amazon.com"),
        ("cn-north-1", False, False, "https://cn-north-1.signin.amazonaws.cn"),
        ("us-gov-west-1", False, False, "https://us-gov-west-1.signin.amazonaws-us-gov.com"),
        ("us-iso-east-1", False, False, "https://us-iso-east-1.signin.c2shome.ic.gov"),
        ("us-isob-east-1", False, False, "https://us-isob-east-1.signin.sc2shome.sgov.gov"),
        ("us-isof-south-1", False, False, "https://us-isof-south-1.signin.csphome.hci.ic.gov"),
        ("eu-isoe-west-1", False, False, "https://eu-isoe-west-1.signin.csphome.adc-e.uk"),
        ("eusc-de-east-1", False, False, "https://eusc-de-east-1.signin.amazonaws-eusc.eu"),
        ("us-gov-west-1", True, False, "https://signin-fips.amazonaws-us-gov.com"),
        ("us-gov-east-1", True, False, "https://us-gov-east-1.signin-fips.amazonaws-us-gov.com"),
        ("us-east-1", True, False, "https://signin-fips.us-east-1.amazonaws.com"),
        ("us-east-1", False, True, "https://signin.us-east-1.api.aws"),
        ("cn-north-1", False, True, "https://signin.cn-north-1.api.amazonwebservices.com.cn"),
        ("us-gov-west-1", False, True, "https://signin.us-gov-west-1.api.aws"),
    ],
)
def test_the_published_sign_in_hosts(region: str, fips: bool, dual: bool, url: str) -> None:
    assert signin_endpoint(region, use_fips=fips, use_dual_stack=dual) == url


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("us-east-1", "https://us-east-1.oauth.signin.aws"),
        ("us-west-2", "https://us-west-2.oauth.signin.aws"),
    ],
)
def test_the_published_oauth_hosts(region: str, url: str) -> None:
    assert oauth_endpoint(region) == url


def test_the_sdk_also_refuses_oauth_with_fips() -> None:
    with pytest.raises(EndpointProviderError):
        _sdk_rules("signin").resolve_endpoint(
            Region="us-east-1", UseFIPS=True, UseDualStack=False, IsOAuthEndpoint=True
        )


def test_the_console_of_a_region() -> None:
    assert console_endpoint("eu-west-1") == "https://eu-west-1.console.aws.amazon.com"


@pytest.mark.parametrize(
    "region", ["", "EU-WEST-1", "a.b", "a/b", "us-east-1@evil.example", "-a", "a-", "x" * 64, "é-a-1"]
)
def test_a_text_that_is_no_host_label_is_never_put_into_a_host(region: str) -> None:
    for build in (signin_endpoint, sts_endpoint, iam_endpoint, console_endpoint, control_plane_endpoint):
        with pytest.raises(ConfigError):
            build(region)
