"""The how-to pages about identity providers: commands, settings, trust policies and links, done against a real server.

A whole sign-in with a provider is the federated tutorial's, which test_console_blocks.py does. What providers have on their own
screens (Keycloak, Entra ID, Okta, Google) nothing here can see; what our side of those pages says is done.
"""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from support.page_blocks import Page, Saves, read_blocks
from support.page_run import PageRun
from support.page_server import ACCOUNT, PASSWORD, log_in, ports, prepare, start
from support.query_world import QueryWorld, open_query_world
from support.running_server import Terminal
from support.saml_forge import make_key, metadata

REPOSITORY = Path(__file__).parents[2]
PAGES = REPOSITORY / "docs" / "how-to"
PROVIDERS = ["use-keycloak.md", "use-entra-id.md", "use-okta.md", "use-google-workspace.md"]


def provider_metadata() -> str:
    return metadata(make_key("idp", end=10 * 365 * 86_400))


PAGE = Page(
    "how-to/sign-in-with-your-identity-provider.md",
    blocks={
        '"saml:aud"': Saves("trust.json"),
        'saml-provider/Corp"\nlabel': Saves("daypass.toml", adds=True),
        "client_secret_file": Saves("daypass.toml", adds=True),
        "ForAnyValue:StringEquals": Saves("oidc-trust.json"),
    },
)


@pytest.mark.processes
@pytest.mark.clients
@pytest.mark.usefixtures("quick_aws")
def test_the_page_sign_in_with_your_identity_provider(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    [port] = ports(1)
    endpoint = f"http://127.0.0.1:{port}"
    with PageRun(PAGE, Terminal(tmp_path / "home"), {"AWS_PROFILE": "dev"}) as page:
        page.exchanged |= {
            "https://signin.example.com": endpoint,
            "python examples/": f"python {REPOSITORY}/examples/",
        }
        prepare(page, "--listen", f"127.0.0.1:{port}")
        page.type("touch idp-secret; chmod 600 idp-secret; echo secret > idp-secret")
        (page.home / "metadata.xml").write_text(provider_metadata())
        start(page)
        log_in(page, endpoint, "dev")
        page.step()
        assert '"SAMLProviderUUID": "SAML' in page.output
        page.until("console_link")
        page.type(
            "aws iam create-role --role-name by-group --assume-role-policy-document file://oidc-trust.json"
        )
        page.type("kill $PID; wait $PID || true")
        start(page)
        page.type(
            f"curl --silent --location {endpoint}/signin/new | grep -o 'Continue with Example [a-zA-Z]*'"
        )
        assert page.output == "Continue with Example Company\nContinue with Example Connect\n"
        trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
        (page.home / "account.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
        page.type(
            "aws iam update-assume-role-policy --role-name developer --policy-document file://account.json\n"
            f"aws iam create-user --user-name pat; aws iam create-login-profile --user-name pat --password '{PASSWORD}'\n"
            "aws iam attach-user-policy --user-name pat --policy-arn arn:aws:iam::aws:policy/AdministratorAccess"
        )
        page.sign_in_as({"kind": "user", "account": ACCOUNT, "user_name": "pat", "password": PASSWORD})
        page.type(f"daypass login --switch --profile dev --endpoint-url {endpoint}; export BROWSER=true")
        page.step()
        assert page.output.startswith(f"{endpoint}/federation?Action=login")
        page.rest()


@pytest.fixture
async def world() -> AsyncIterator[QueryWorld]:
    world = await open_query_world()
    yield world
    await world.storage.close()


def trust_statements(page: str) -> list[Any]:
    found = [json.loads(block.text) for block in read_blocks(PAGES / page) if block.language == "json"]
    assert found
    return found


@pytest.mark.parametrize("page", PROVIDERS)
async def test_every_trust_policy_of_a_providers_page_is_one_that_a_role_takes(
    world: QueryWorld, page: str
) -> None:
    for number, statement in enumerate(trust_statements(page)):
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        made = await world.call(
            world.root, "iam", "CreateRole", RoleName=f"role-{number}", AssumeRolePolicyDocument=document
        )
        assert made.status == 200, made.text


@pytest.mark.parametrize("page", PROVIDERS)
def test_the_conditions_of_a_providers_page_speak_of_the_provider_it_trusts(page: str) -> None:
    for statement in trust_statements(page):
        _, _, provider = statement["Principal"]["Federated"].rpartition("provider/")
        keys = [key for values in statement["Condition"].values() for key in values]
        assert any(key.endswith(":aud") for key in keys), (
            "without an audience anybody of the provider may come"
        )
        assert len(keys) >= 2, "an audience alone lets in everybody whom the provider knows"
        if "saml-provider" not in statement["Principal"]["Federated"]:
            assert {key.rpartition(":")[0] for key in keys} == {provider}


@pytest.mark.parametrize("page", [*PROVIDERS, "sign-in-with-your-identity-provider.md"])
def test_every_address_of_ours_on_a_providers_page_is_an_endpoint(page: str) -> None:
    text = (PAGES / page).read_text(encoding="utf-8")
    endpoints = (REPOSITORY / "docs" / "reference" / "endpoints.md").read_text(encoding="utf-8")
    paths = set(re.findall(r"`E(/[^`]*)`", text))
    assert paths
    known = {re.sub(r"\{\w+\}", "UUID", path) for path in re.findall(r"`(?:GET|POST) ([^`?]+)", endpoints)}
    assert {path for path in paths if path not in known} == set()
