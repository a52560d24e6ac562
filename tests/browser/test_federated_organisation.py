"""An organisation as it is set up and used: two identity providers, two accounts, three roles, `aws s3 ls`.

Everything is the real thing: `daypass up` with its store, the unmodified AWS CLI to administer and to use it, pysaml2
and npm oidc-provider as providers, Chromium as the browser, and `daypass login` in the terminal.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from support.aws_cli_v2 import CliV2
from support.oidc_op import RunningOp, op_client, op_user, running_oidc_op
from support.running_server import DAYPASS, RunningServer, Terminal, new_terminal, run_up
from support.saml_idp import (
    PRINCIPAL_TAG,
    ROLE,
    ROLE_SESSION_NAME,
    RunningSamlIdp,
    SamlUser,
    running_saml_idp,
)
from support.serving import age_entry

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.clients]

AWS = str(Path(sys.executable).parent / "aws")
OTHER = "444455556666"
CLIENT_ID, CLIENT_SECRET = "daypass-client", "s3cret"
GRANT = "arn:aws:iam::aws:policy/SignInLocalDevelopmentAccess"


@dataclass
class Organisation:
    """The server, its administrators' terminal, and both providers."""

    server: RunningServer
    terminal: Terminal
    idp: RunningSamlIdp
    op: RunningOp

    def aws(self, profile: str, *words: str) -> "subprocess.CompletedProcess[str]":
        return self.terminal.run(AWS, *words, AWS_PROFILE=profile)

    def asked(self, profile: str, *words: str) -> str:
        """The same, and it must succeed."""
        done = self.aws(profile, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def create_role(self, profile: str, name: str, action: str, provider: str, *policies: str) -> None:
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Federated": provider},
                    "Action": [action, "sts:TagSession"],
                }
            ],
        }
        self.asked(
            *(profile, "iam", "create-role", "--role-name", name),
            *("--assume-role-policy-document", json.dumps(trust)),
        )
        for arn in policies:
            self.asked(profile, "iam", "attach-role-policy", "--role-name", name, "--policy-arn", arn)


def _saml_provider(organisation: Organisation, profile: str, metadata: Path) -> str:
    """Made by the AWS CLI; the provider learns our side from our metadata."""
    arn = json.loads(
        organisation.asked(
            *(profile, "iam", "create-saml-provider", "--name", "Corp"),
            *("--saml-metadata-document", f"file://{metadata}"),
        )
    )["SAMLProviderArn"]
    found = json.loads(organisation.asked(profile, "iam", "get-saml-provider", "--saml-provider-arn", arn))
    uuid = found["SAMLProviderUUID"]
    organisation.idp.add_service_provider(f"{organisation.server.endpoint}/saml/metadata/{uuid}")
    return str(arn)


@pytest.fixture(scope="module")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Organisation]:
    folder = tmp_path_factory.mktemp("organisation")
    data = folder / "data"
    with run_up(data) as first:  # makes the first account
        root = first.root
        account = first.account_id
    password = "an organisation's second root"
    made = subprocess.run(
        [
            *(*DAYPASS, "server", "account", "create", "--database-url", f"sqlite://{data}/daypass.db"),
            *("--root-email", "other@example.com", "--account-id", OTHER, "--root-password-stdin"),
        ],
        input=password + "\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    users = {"ada": op_user("correct horse", email="ada@example.com", groups=["deployers"])}
    people = {
        "ada": SamlUser(
            "secret",
            {
                ROLE: [
                    f"arn:aws:iam::{number}:role/{name},arn:aws:iam::{number}:saml-provider/Corp"
                    for number, name in ((account, "Reader"), (OTHER, "Writer"))
                ],
                ROLE_SESSION_NAME: ["ada"],
                PRINCIPAL_TAG + "team": ["blue"],
            },
        )
    }
    with (
        running_oidc_op(folder / "op", [], users) as op,
        running_saml_idp(folder / "idp", users=people) as idp,
    ):
        oidc_arn = f"arn:aws:iam::{OTHER}:oidc-provider/{op.issuer.partition('://')[2]}"
        listed = [{"provider_arn": oidc_arn, "label": "Acme Connect", "client_id": CLIENT_ID}]
        settings = {
            "DAYPASS_IDENTITY_PROVIDERS": json.dumps(listed),
            "DAYPASS_OIDC_CLIENT_SECRETS": json.dumps({oidc_arn: CLIENT_SECRET}),
        }
        with run_up(data, environment=settings) as server:
            home = folder / "home"
            home.mkdir()
            made_up = Organisation(server, Terminal(home), idp, op)
            made_up.terminal.login(server, root, "--profile", "root")
            other = Terminal(folder / "other-browser")  # another person's browser, the same machine
            made_up.terminal.browser = other.browser
            second = {"kind": "root", "email": "other@example.com", "password": password}
            made_up.terminal.login(server, second, "--profile", "other-root")
            _set_up(made_up, folder)
            yield made_up


def _set_up(organisation: Organisation, folder: Path) -> None:
    """What two administrators type."""
    metadata = folder / "corp.xml"
    metadata.write_text(organisation.idp.metadata())
    callback = f"{organisation.server.endpoint}/oidc/callback"
    organisation.op.set_clients([op_client(CLIENT_ID, CLIENT_SECRET, callback)])
    first = _saml_provider(organisation, "root", metadata)
    second = _saml_provider(organisation, "other-root", metadata)
    connect = json.loads(
        organisation.asked(
            *("other-root", "iam", "create-open-id-connect-provider", "--url", organisation.op.issuer),
            *("--client-id-list", CLIENT_ID),
        )
    )["OpenIDConnectProviderArn"]
    read, write = (f"arn:aws:iam::aws:policy/AmazonS3{kind}Access" for kind in ("ReadOnly", "Full"))
    organisation.create_role("root", "Reader", "sts:AssumeRoleWithSAML", first, GRANT, read)
    organisation.create_role("other-root", "Writer", "sts:AssumeRoleWithSAML", second, GRANT, write)
    organisation.create_role("other-root", "Deployer", "sts:AssumeRoleWithWebIdentity", connect, GRANT, read)
    note = folder / "note.txt"
    note.write_text("hello")
    for profile, bucket in (("root", "first-things"), ("other-root", "other-things")):
        organisation.asked(profile, "s3", "mb", f"s3://{bucket}")
        organisation.asked(profile, "s3", "cp", str(note), f"s3://{bucket}/note.txt")


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Page:
    return new_context().new_page()


def _log_in(
    organisation: Organisation, page: Page, profile: str, provider: str, finish: Callable[[Page], None]
) -> str:
    """`daypass login` in a terminal, answered in the browser through a provider; returns the identity."""
    process = subprocess.Popen(
        [
            *(*DAYPASS, "login", "--no-browser", "--profile", profile),
            *("--endpoint-url", organisation.server.endpoint),
        ],
        env=organisation.terminal.environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    page.goto(next(line for line in process.stderr if line.startswith("http")).strip())
    another = page.get_by_role("link", name="Sign in to another session")
    if another.count():
        another.click()
    page.get_by_role("link", name=provider).click()
    finish(page)
    expect(page.get_by_role("heading", name="Signed in")).to_be_visible()
    told = process.stderr.read()
    assert process.wait(30) == 0, told
    process.stderr.close()
    arn = str(json.loads(organisation.asked(profile, "sts", "get-caller-identity"))["Arn"])
    config = (organisation.terminal.home / ".aws" / "config").read_text()
    assert f"login_session = {arn}" in config, "`sub` of the ID token is the assumed-role ARN"
    return arn


def _at_corp(page: Page) -> None:
    page.get_by_role("textbox", name="User name").fill("ada")
    page.get_by_role("textbox", name="Password").fill("secret")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Continue").click()


def _at_connect(page: Page) -> None:
    page.get_by_role("textbox", name="User name").fill("ada")
    page.get_by_role("textbox", name="Password").fill("correct horse")
    page.get_by_role("button", name="Log in").click()


def test_three_roles_of_two_accounts_by_two_providers_each_with_its_own_rights(
    organisation: Organisation, page: Page, tmp_path: Path
) -> None:
    """From "Continue with …" to `aws s3 ls`, and no further than the role allows."""
    account = organisation.server.account_id
    note = tmp_path / "new.txt"
    note.write_text("new")

    reader = _log_in(organisation, page, "reader", f"Continue with Corp ({account})", _at_corp)
    assert reader == f"arn:aws:sts::{account}:assumed-role/Reader/ada"
    assert "first-things" in organisation.asked("reader", "s3", "ls")
    assert "note.txt" in organisation.asked("reader", "s3", "ls", "s3://first-things")
    assert "AccessDenied" in organisation.aws("reader", "s3", "cp", str(note), "s3://first-things/x").stderr
    assert organisation.aws("reader", "s3", "ls", "s3://other-things").returncode != 0

    writer = _log_in(organisation, page, "writer", f"Continue with Corp ({OTHER})", _at_corp)
    assert writer == f"arn:aws:sts::{OTHER}:assumed-role/Writer/ada"
    listed = organisation.asked("writer", "s3", "ls")
    assert "other-things" in listed
    assert "first-things" not in listed
    organisation.asked("writer", "s3", "cp", str(note), "s3://other-things/new.txt")

    deployer = _log_in(organisation, page, "deployer", "Continue with Acme Connect", _at_connect)
    assert deployer == f"arn:aws:sts::{OTHER}:assumed-role/Deployer/ada@example.com"
    assert "new.txt" in organisation.asked("deployer", "s3", "ls", "s3://other-things")
    assert "AccessDenied" in organisation.aws("deployer", "s3", "rm", "s3://other-things/new.txt").stderr
    assert "AccessDenied" in organisation.aws("deployer", "iam", "list-users").stderr

    # All three are sessions of this browser now, and each can be chosen for another terminal, by `aws login` too.
    with new_terminal() as other:
        cli = CliV2(other)
        cli.knows(organisation.server, "reader", "writer", "deployer")
        # The command's own listener closes before the browser has asked it for a picture of the tab.
        page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
        for profile, arn in (("reader", reader), ("writer", writer), ("deployer", deployer)):

            def choose(url: str, arn: str = arn) -> None:
                page.goto(url)
                page.get_by_role("button", name=arn).click()

            done = cli.login(choose, "--profile", profile)
            assert f"Updated profile {profile} to use {arn} credentials." in done.stdout, done.stderr
        for _ in range(2):
            for profile, arn in (("reader", reader), ("writer", writer), ("deployer", deployer)):
                assert json.loads(cli.said("sts", "get-caller-identity", "--profile", profile))["Arn"] == arn
            for path in cli.cache.glob("*.json"):
                age_entry(path)


def test_a_key_that_rolls_over_at_each_provider_in_the_middle_stops_nobody(
    organisation: Organisation, page: Page, tmp_path: Path
) -> None:
    """SAML: the new certificate is published, given to IAM, then used. OpenID Connect: the provider just rotates."""
    account = organisation.server.account_id
    organisation.idp.make_key("next")
    organisation.idp.change(published_keys=["one", "next"])
    metadata = tmp_path / "both.xml"
    metadata.write_text(organisation.idp.metadata())
    for profile, number in (("root", account), ("other-root", OTHER)):
        organisation.asked(
            *(profile, "iam", "update-saml-provider", "--saml-metadata-document", f"file://{metadata}"),
            *("--saml-provider-arn", f"arn:aws:iam::{number}:saml-provider/Corp"),
        )
    organisation.idp.change(signing_key="next")
    organisation.op.rotate_key()
    corp = _log_in(organisation, page, "after-saml", f"Continue with Corp ({account})", _at_corp)
    assert corp.endswith(":assumed-role/Reader/ada")
    connect = _log_in(organisation, page, "after-oidc", "Continue with Acme Connect", _at_connect)
    assert connect.endswith(":assumed-role/Deployer/ada@example.com")


def test_no_local_user_was_made_and_the_audit_log_names_the_person_at_the_provider(
    organisation: Organisation,
) -> None:
    """Just in time, and nothing left behind."""
    assert "ada" not in organisation.asked("root", "iam", "list-users")
    assert json.loads(organisation.asked("other-root", "iam", "list-users"))["Users"] == []
