"""GetWebIdentityToken: a signed statement another service can check against our published keys."""

import json
import urllib.parse
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from daypass.server.domain.key_ring import KeyRing, MasterKey
from daypass.server.web.metadata import build_metadata_app
from support.query_world import ACCOUNT, EXTERNAL_URL, NOW, Answer, QueryWorld, allow
from support.sts_credentials import long_term_key


async def published(world: QueryWorld, path: str) -> Any:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    app = build_metadata_app(ring=world.ring, external_url=EXTERNAL_URL)
    await app({"type": "http", "method": "GET", "path": path}, None, send)  # type: ignore[arg-type]  # no body is read
    return json.loads(sent[1]["body"])


async def ask(world: QueryWorld, *audience: str, **more: str) -> Answer:
    alice = await world.new_user("alice", allow("sts:GetWebIdentityToken"))
    named = {f"Audience.member.{n}": name for n, name in enumerate(audience, 1)}
    return await world.call(
        alice, "sts", "GetWebIdentityToken", **({"SigningAlgorithm": "ES384"} | named | more)
    )


@pytest.mark.parametrize("algorithm", ["ES384", "RS256"])
async def test_the_statement_is_checked_with_the_published_keys(world: QueryWorld, algorithm: str) -> None:
    answer = await ask(world, "https://store.example", SigningAlgorithm=algorithm)
    discovery = await published(world, "/.well-known/openid-configuration")
    path = urllib.parse.urlsplit(discovery["jwks_uri"]).path
    keys = KeySet.import_key_set(await published(world, path))
    token = jwt.decode(answer.value("WebIdentityToken"), keys, algorithms=[algorithm])
    assert token.header["alg"] == algorithm
    assert algorithm in discovery["id_token_signing_alg_values_supported"]
    assert token.claims["iss"] == discovery["issuer"] == EXTERNAL_URL
    assert token.claims["sub"] == f"arn:aws:iam::{ACCOUNT}:user/alice"
    assert token.claims["aud"] == "https://store.example"
    assert (token.claims["iat"], token.claims["exp"]) == (NOW, NOW + 300)
    assert token.claims["https://sts.amazonaws.com/"]["aws_account"] == ACCOUNT
    assert answer.value("Expiration") == "2030-03-17T17:51:40Z"


async def test_several_audiences_are_a_list(world: QueryWorld) -> None:
    answer = await ask(world, "one", "two")
    keys = KeySet.import_key_set(await published(world, "/.well-known/jwks.json"))
    assert jwt.decode(answer.value("WebIdentityToken"), keys, algorithms=["ES384"]).claims["aud"] == [
        "one",
        "two",
    ]


async def test_the_statement_does_not_outlive_the_credentials(world: QueryWorld) -> None:
    """They live for fifteen minutes."""
    answer = await ask(world, "store", DurationSeconds="901")
    assert (answer.status, answer.code) == (403, "SessionDurationEscalationException")
    bob = await world.new_user("bob", allow("sts:GetWebIdentityToken"))
    asked = {"SigningAlgorithm": "ES384", "Audience.member.1": "store", "DurationSeconds": "900"}
    longest = await world.call(bob, "sts", "GetWebIdentityToken", **asked)
    assert longest.value("Expiration") == "2030-03-17T18:01:40Z"


async def test_an_access_key_gets_a_statement_of_an_hour(world: QueryWorld) -> None:
    key = await long_term_key(world, "keeper", allow("sts:GetWebIdentityToken"))
    asked = {"SigningAlgorithm": "ES384", "Audience.member.1": "store", "DurationSeconds": "3600"}
    answer = await world.call(key, "sts", "GetWebIdentityToken", **asked)
    assert answer.value("Expiration") == "2030-03-17T18:46:40Z"


async def test_tags_that_make_the_statement_longer_than_any_service_takes_are_refused(
    world: QueryWorld,
) -> None:
    many = {f"Tags.member.{n}.Key": f"k{n}" for n in range(1, 51)} | {
        f"Tags.member.{n}.Value": "v" * 256 for n in range(1, 51)
    }
    alice = await world.new_user("alice", allow("sts:GetWebIdentityToken", "sts:TagGetWebIdentityToken"))
    asked = {"SigningAlgorithm": "ES384", "Audience.member.1": "store"}
    answer = await world.call(alice, "sts", "GetWebIdentityToken", **asked, **many)
    assert answer.status == 200
    assert len(answer.value("WebIdentityToken")) < 20_000
    wide = {name: "é" * 256 for name in many if name.endswith("Value")}
    answer = await world.call(alice, "sts", "GetWebIdentityToken", **asked, **(many | wide))
    assert (answer.status, answer.code) == (400, "JWTPayloadSizeExceededException")


async def test_tags_ask_for_their_own_permission_and_are_in_the_statement(world: QueryWorld) -> None:
    tag = {"Tags.member.1.Key": "run", "Tags.member.1.Value": "7"}
    assert (await ask(world, "store", **tag)).code == "AccessDenied"
    bob = await world.new_user("bob", allow("sts:GetWebIdentityToken", "sts:TagGetWebIdentityToken"))
    more = {"Tags.member.1.Key": "team", "Tags.member.1.Value": "red"}
    assert (await world.call(world.root, "iam", "TagUser", UserName="bob", **more)).status == 200
    asked = {"SigningAlgorithm": "ES384", "Audience.member.1": "store"}
    answer = await world.call(bob, "sts", "GetWebIdentityToken", **asked, **tag)
    keys = KeySet.import_key_set(await published(world, "/.well-known/jwks.json"))
    about = jwt.decode(answer.value("WebIdentityToken"), keys, algorithms=["ES384"]).claims[
        "https://sts.amazonaws.com/"
    ]
    assert (about["request_tags"], about["principal_tags"]) == ({"run": "7"}, {"team": "red"})


async def test_a_sign_in_client_cannot_be_the_audience(world: QueryWorld) -> None:
    """Else the statement could pass for the ID token of a login."""
    assert (await ask(world, "arn:aws:signin:::devtools/same-device")).code == "ValidationError"


async def test_it_needs_the_permission(world: QueryWorld) -> None:
    bob = await world.new_user("bob")
    answer = await world.call(
        bob, "sts", "GetWebIdentityToken", SigningAlgorithm="ES384", **{"Audience.member.1": "store"}
    )
    assert answer.code == "AccessDenied"


@pytest.mark.parametrize(
    ("condition", "allowed", "refused"),
    [
        (
            {"ForAllValues:StringEquals": {"sts:IdentityTokenAudience": ["store"]}},
            {"Audience.member.1": "store"},
            {"Audience.member.1": "elsewhere"},
        ),
        (
            {"ForAnyValue:StringEquals": {"sts:IdentityTokenAudience": ["store"]}},
            {"Audience.member.1": "other", "Audience.member.2": "store"},
            {"Audience.member.1": "other"},
        ),
        (
            {"NumericLessThanEquals": {"sts:DurationSeconds": "120"}},
            {"DurationSeconds": "120"},
            {"DurationSeconds": "121"},
        ),
        ({"NumericLessThanEquals": {"sts:DurationSeconds": "300"}}, {}, {"DurationSeconds": "301"}),
        (
            {"StringEquals": {"sts:SigningAlgorithm": "ES384"}},
            {"SigningAlgorithm": "ES384"},
            {"SigningAlgorithm": "RS256"},
        ),
    ],
)
async def test_policies_can_bound_audience_duration_and_algorithm(
    world: QueryWorld, condition: dict[str, object], allowed: dict[str, str], refused: dict[str, str]
) -> None:
    carol = await world.new_user("carol", allow("sts:GetWebIdentityToken", Condition=condition))
    asked = {"SigningAlgorithm": "ES384", "Audience.member.1": "store"}
    assert (await world.call(carol, "sts", "GetWebIdentityToken", **(asked | allowed))).status == 200
    denied = await world.call(carol, "sts", "GetWebIdentityToken", **(asked | refused))
    assert denied.code == "AccessDenied"


@pytest.mark.parametrize(
    "more",
    [
        {"SigningAlgorithm": "ES256"},
        {"SigningAlgorithm": "none"},
        {"DurationSeconds": "59"},
        {"DurationSeconds": "3601"},
    ],
)
async def test_what_the_server_cannot_make_is_refused(world: QueryWorld, more: dict[str, str]) -> None:
    assert (await ask(world, "store", **more)).code == "ValidationError"


async def test_root_makes_none(world: QueryWorld) -> None:
    answer = await world.call(
        world.root, "sts", "GetWebIdentityToken", SigningAlgorithm="ES384", **{"Audience.member.1": "store"}
    )
    assert answer.code == "AccessDenied"


async def test_a_server_whose_key_ring_has_no_rsa_key_names_the_other_algorithm(world: QueryWorld) -> None:
    """A ring from before there was one; `daypass server upgrade` adds it."""
    old = KeyRing([MasterKey("0a0b0c0d", 1, bytes(range(32)))])
    before = QueryWorld(world.storage, ring=old)
    discovery = await published(before, "/.well-known/openid-configuration")
    assert discovery["id_token_signing_alg_values_supported"] == ["ES256", "ES384"]
    answer = await ask(before, "store", SigningAlgorithm="RS256")
    assert (answer.code, "ask for ES384" in answer.message) == ("ValidationError", True)
