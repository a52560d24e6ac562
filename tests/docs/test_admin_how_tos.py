"""The how-to pages for who administers accounts, done from the first command to the last against a real `daypass up`.

Each page is declared in a table (support/page_blocks.py). The administrator's machine is the unmodified AWS CLI with a login
of root; what other people do between a page's blocks is what the tests add.
"""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from pyotp.totp import TOTP

from support.page_blocks import Exempt, Page, Prints, Runs, Saves, Serves
from support.page_run import PageRun
from support.running_server import RunningServer, Terminal, new_terminal, run_up
from support.saml_forge import make_key, metadata
from support.server_data import seal_audit_log_of, seed_of

pytestmark = [
    pytest.mark.processes,
    pytest.mark.clients,
    pytest.mark.usefixtures("quick_aws"),
    pytest.mark.xdist_group("admin-how-tos"),
]

REPOSITORY = Path(__file__).parents[2]
PASSWORD = "first-light-7am"
THEIRS = "444455556666"
SETTINGS = "/etc/daypass/daypass.toml"
ALLOW_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all pages, with a settings file for its operator beside the data."""
    with run_up(tmp_path_factory.mktemp("server") / "data") as running:
        folder = running.data_dir
        settings_file(running).write_text(
            f'database_url = "sqlite://{folder}/daypass.db"\nkey_ring_file = "{folder}/key-ring.json"\n'
        )
        yield running


def settings_file(server: RunningServer) -> Path:
    return server.data_dir / "daypass.toml"


@pytest.fixture(scope="module")
def desk(server: RunningServer) -> Iterator[Terminal]:
    """A machine on which root is signed in to the profile `admin`."""
    with new_terminal() as root:
        root.login(server, server.root, "--profile", "admin")
        yield root


@pytest.fixture(scope="module")
def client(server: RunningServer, desk: Terminal) -> Callable[[str], Any]:
    """Services as root sees them, for what others did before a page begins."""
    found = json.loads(desk.daypass("credential-process", "--profile", "admin").stdout)

    def make(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=server.s3_endpoint if service == "s3" else server.endpoint,
            region_name="us-east-1",
            aws_access_key_id=found["AccessKeyId"],
            aws_secret_access_key=found["SecretAccessKey"],
            aws_session_token=found["SessionToken"],
        )

    return make


@pytest.fixture
def admin(tmp_path: Path, desk: Terminal) -> Terminal:
    """A fresh home with root's login in it."""
    home = tmp_path / "home"
    shutil.copytree(desk.home, home)
    return Terminal(home)


@pytest.fixture
def user(client: Callable[[str], Any]) -> Iterator[Callable[..., str]]:
    """Makes a user who may what the statement says and sign in from a terminal; gone after the test, with all that hangs on it."""
    iam, made = client("iam"), list[str]()

    def make(name: str, statement: Any = ALLOW_ALL) -> str:
        remove_user(iam, name)
        iam.create_user(UserName=name)
        iam.create_login_profile(UserName=name, Password=PASSWORD)
        policies = [statement, {"Effect": "Allow", "Action": "signin:*", "Resource": "*"}]
        iam.put_user_policy(UserName=name, PolicyName="test", PolicyDocument=document(*policies))
        made.append(name)
        return name

    yield make
    for name in made:
        remove_user(iam, name)


def remove_policy(iam: Any, arn: str) -> None:
    """What another page left under the name that this page gives."""
    with suppress(iam.exceptions.NoSuchEntityException):
        for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
        iam.delete_policy(PolicyArn=arn)


def remove_user(iam: Any, name: str) -> None:
    """Everything that hangs on a user, if there still is one."""
    gone = iam.exceptions.NoSuchEntityException
    with suppress(gone):
        iam.delete_login_profile(UserName=name)
    with suppress(gone):
        for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        for device in iam.list_mfa_devices(UserName=name)["MFADevices"]:
            iam.deactivate_mfa_device(UserName=name, SerialNumber=device["SerialNumber"])
        for policy in iam.list_user_policies(UserName=name)["PolicyNames"]:
            iam.delete_user_policy(UserName=name, PolicyName=policy)
        for attached in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]:
            iam.detach_user_policy(UserName=name, PolicyArn=attached["PolicyArn"])
        for group in iam.list_groups_for_user(UserName=name)["Groups"]:
            iam.remove_user_from_group(UserName=name, GroupName=group["GroupName"])
        iam.delete_user(UserName=name)


def document(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def fields(server: RunningServer, name: str, password: str = PASSWORD) -> dict[str, str]:
    return {"kind": "user", "account": server.account_id, "user_name": name, "password": password}


def log_in(page: PageRun, server: RunningServer, profile: str, person: dict[str, str]) -> None:
    page.sign_in_as(person)
    page.type(f"daypass login --profile {profile} --endpoint-url {server.endpoint}")


def provider_metadata() -> str:
    return metadata(make_key("idp", end=10 * 365 * 86_400))


AWS_IAM = Page("how-to/administer-with-aws-iam.md", blocks={'"s3:DeleteBucket"': Saves("no-deleting.json")})


def test_the_page_administer_with_aws_iam(
    server: RunningServer, tmp_path: Path, client: Callable[[str], Any]
) -> None:
    (tmp_path / "home").mkdir()
    secrets = {"PASSWORD": PASSWORD, "NEW_PASSWORD": "second-light-8am"}
    remove_policy(client("iam"), f"arn:aws:iam::{server.account_id}:policy/reports")
    with PageRun(AWS_IAM, Terminal(tmp_path / "home"), secrets) as page:
        page.exchanged |= {
            "https://signin.example.com": server.endpoint,
            "111122223333": server.account_id,
            "--config daypass.toml": f"--config {settings_file(server)}",
        }
        page.sign_in_as(server.root)
        page.until("change-password")
        log_in(page, server, "alice", fields(server, "alice"))
        page.step()
        log_in(page, server, "alice --force", fields(server, "alice", secrets["NEW_PASSWORD"]))
        page.until("assume-role --profile")
        page.step()
        assert "assumed-role/restore/alice" in page.output
        (page.home / "idp-metadata.xml").write_text(provider_metadata())
        page.until("--remove")
        page.step()
        assert "is over account" in page.output
        assert "is gone from account" in page.output
        page.rest()
        iam = client("iam")
        assert iam.get_role(RoleName="staff")["Role"]["RoleName"] == "staff"
        with pytest.raises(iam.exceptions.NoSuchEntityException):
            iam.get_login_profile(UserName="alice")
        remove_user(iam, "alice")


PEOPLE = Page("how-to/manage-people-with-aws-iam.md")


def test_the_page_manage_people_with_aws_iam(
    server: RunningServer, admin: Terminal, client: Callable[[str], Any], user: Callable[..., str]
) -> None:
    iam = client("iam")
    name = user("alice", {"Effect": "Deny", "Action": "iam:DeleteRolePermissionsBoundary", "Resource": "*"})
    key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    reading = document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})
    if "reports" not in {each["PolicyName"] for each in iam.list_policies(Scope="Local")["Policies"]}:
        iam.create_policy(PolicyName="reports", PolicyDocument=reading)
    (admin.home / "reports.json").write_text(reading)
    with PageRun(PEOPLE, admin, {"KEY": key, "NEW_PASSWORD": "third-light-9am-x"}) as page:
        log_in(page, server, "alice", fields(server, "alice"))
        page.until("create-role --profile alice")
        page.step()
        assert '"PermissionsBoundaryArn"' in page.output
        page.type(
            "aws iam create-role --profile alice --role-name free --assume-role-policy-document file://trust.json",
            Runs(exit_code=255),
        )
        assert "AccessDenied" in page.output
        page.until("create-virtual-mfa-device")
        command, _, enabling = page.take().partition("\n")
        page.type(command)
        assert (page.home / "alice.png").read_bytes().startswith(b"\x89PNG")
        seed = seed_of(server.data_dir, f"arn:aws:iam::{server.account_id}:mfa/alice")
        now = time.time()
        codes = [TOTP(seed).at(int(now) + step * 30) for step in (0, 1)]
        page.type(f"FIRST_CODE={codes[0]} NEXT_CODE={codes[1]}\n{enabling}")
        page.until("get-access-key-last-used")
        assert "alice," in (page.home / "report.csv").read_text()
        page.step()
        assert iam.list_access_keys(UserName="alice")["AccessKeyMetadata"] == []
        page.until("delete-login-profile")
        assert [
            each["VersionId"]
            for each in iam.list_policy_versions(
                PolicyArn=f"arn:aws:iam::{server.account_id}:policy/reports"
            )["Versions"]
            if each["IsDefaultVersion"]
        ] == ["v1"]
        page.rest()
        with pytest.raises(iam.exceptions.NoSuchEntityException):
            iam.get_user(UserName="alice")
    iam.delete_account_password_policy()


SECOND_FACTOR = Page(
    "how-to/ask-for-a-second-factor-by-policy.md",
    blocks={
        "NothingWithoutSecondFactor": Saves("second-factor.json"),
        '"s3:DeleteObject"': Saves("one-action.json"),
    },
)


def test_the_page_ask_for_a_second_factor_by_policy(
    server: RunningServer, admin: Terminal, client: Callable[[str], Any], user: Callable[..., str]
) -> None:
    iam = client("iam")
    iam.create_group(GroupName="people")
    name = user("alice")
    iam.add_user_to_group(GroupName="people", UserName=name)
    device = iam.create_virtual_mfa_device(Path="/alice/", VirtualMFADeviceName="phone")["VirtualMFADevice"]
    totp, now = TOTP(device["Base32StringSeed"].decode()), int(time.time())
    iam.enable_mfa_device(
        UserName=name,
        SerialNumber=device["SerialNumber"],
        AuthenticationCode1=totp.at(now - 30),
        AuthenticationCode2=totp.at(now),
    )
    key = iam.create_access_key(UserName=name)["AccessKey"]
    with PageRun(SECOND_FACTOR, admin, {"CODE": totp.at(now + 30)}) as page:
        page.type(
            f"aws configure set profile.alice-key.aws_access_key_id {key['AccessKeyId']}\n"
            f"aws configure set profile.alice-key.aws_secret_access_key {key['SecretAccessKey']}\n"
            "aws configure set profile.alice-key.services daypass-admin\n"
            "aws configure set profile.alice-key.region us-east-1"
        )
        page.until("get-session-token")
        page.type(
            "until ! aws iam list-users --profile alice-key >refused 2>&1; do sleep 0.2; done; cat refused"
        )
        assert "AccessDenied" in page.output
        page.step()
        assert "SessionToken" in page.output
        page.until('"s3:DeleteObject"')
        page.step()
        page.type("aws iam create-policy --policy-name one-action --policy-document file://one-action.json")
        page.rest()
        assert "user,mfa_active" in page.output
        assert "alice,true" in page.output


ROLE = Page(
    "how-to/give-a-role-in-the-browser.md",
    blocks={
        '"aws:MultiFactorAuthPresent"': Saves("trust.json"),
        '"Resource": "arn:aws:iam::444455556666:role/auditor"': Saves("take-auditor.json"),
        "daypass server explain": Runs(exit_code=1),
        "switchrole": Exempt("the link is followed, with a second factor, in test_sign_in_how_tos.py"),
    },
)


def their_root(page: PageRun, server: RunningServer) -> dict[str, str]:
    """The root user of another account, which the operator makes."""
    page.type(
        f"printf '%s' '{PASSWORD}' | daypass server account create --config {settings_file(server)} "
        f"--root-email theirs@example.com --account-id {THEIRS} --root-password-stdin"
        " || test -s /dev/null -o $? = 2"
    )
    return {"kind": "root", "email": "theirs@example.com", "password": PASSWORD}


def test_the_page_give_a_role_in_the_browser(
    server: RunningServer, admin: Terminal, user: Callable[..., str]
) -> None:
    user("alice", {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"})
    with PageRun(ROLE, admin) as page:
        page.exchanged |= {"111122223333": server.account_id, SETTINGS: str(settings_file(server))}
        log_in(page, server, "theirs", their_root(page, server))
        log_in(page, server, "ours", server.root)
        page.rest()
        assert "condition not met: aws:multifactorauthpresent" in page.output


SHARE = Page(
    "how-to/share-a-bucket.md",
    blocks={
        "The data team reads": Saves("share.json"),
        "aws:SecureTransport": Saves("tls-only.json"),
    },
)


def test_the_page_share_a_bucket(
    server: RunningServer, admin: Terminal, client: Callable[[str], Any]
) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="photos")
    s3.put_object(Bucket="photos", Key="cat", Body=b"a cat")
    with PageRun(SHARE, admin, {"AWS_PROFILE": "admin"}) as page:
        page.exchanged |= {SETTINGS: str(settings_file(server))}
        log_in(page, server, "theirs", their_root(page, server))
        page.type(
            "aws iam create-user --profile theirs --user-name ada && aws iam attach-user-policy --profile theirs"
            " --user-name ada --policy-arn arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
        )
        page.until("aws:SecureTransport")
        page.type("aws s3 cp --profile theirs s3://photos/cat -")
        assert "a cat" in page.output
        page.step()
        page.type("aws s3api put-bucket-policy --bucket photos --policy file://tls-only.json")
        page.type("aws s3 cp s3://photos/cat -", Runs(exit_code=1))
        page.until("daypass server explain")
        page.type("aws s3 cp s3://photos/cat -")
        page.type("aws s3api put-bucket-policy --bucket photos --policy file://share.json")
        page.rest()
        assert page.output.startswith("allowed"), page.output


AUDIT = Page(
    "how-to/read-the-audit-log.md",
    blocks={
        "2030-03-17T17:46:40Z": Prints(),
        "--follow": Serves("CreateUser bob"),
        "whole: 1812": Prints((r"\d+", "blocks?", "events?")),
    },
)


def test_the_page_read_the_audit_log(
    server: RunningServer, admin: Terminal, user: Callable[..., str]
) -> None:
    user("alice", {"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"})
    with PageRun(AUDIT, admin) as page:
        page.exchanged |= {SETTINGS: str(settings_file(server)), "2030-03-01": "2020-03-01"}
        page.exchanged |= {"111122223333": server.account_id, "192.0.2.7": "127.0.0.1"}
        log_in(page, server, "alice", fields(server, "alice"))
        page.type("aws iam create-user --profile alice --user-name bob", Runs(exit_code=255))
        page.until("--verify --config")
        seal_audit_log_of(server.data_dir)
        page.step()
        head = page.output.rpartition("head: ")[2].strip()
        page.exchanged["1812:5b1f0e…"] = head
        page.rest()
        assert f"head: {head}" in page.output


TOKEN = Page(
    "how-to/take-a-web-identity-token-to-another-service.md",
    blocks={"sts:IdentityTokenAudience": Saves("policy.json")},
    stand_ins={"curl": 'echo "$@" >asked'},
)


def test_the_page_take_a_web_identity_token_to_another_service(
    server: RunningServer, admin: Terminal, client: Callable[[str], Any], user: Callable[..., str]
) -> None:
    user("alice", {"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"})
    with PageRun(TOKEN, admin, {"AWS_PROFILE": "alice"}) as page:
        page.exchanged["https://signin.example.com"] = server.endpoint
        log_in(page, server, "alice", fields(server, "alice"))
        page.step()
        client("iam").put_user_policy(
            UserName="alice", PolicyName="token", PolicyDocument=(page.home / "policy.json").read_text()
        )
        page.type("sleep 1")  # a change applies within a second, on every worker
        page.step()
        header = (page.home / "asked").read_text()
        token = header.partition("Bearer ")[2].split()[0]
        program = page.take()
        page.type(f"{program}\nprint(caller_of({token!r})['sub'])", suffix=".py")
        assert page.output == f"arn:aws:iam::{server.account_id}:user/alice\n"


BROWSER = Page("how-to/administer-in-the-browser.md", blocks={"signin:ListSessions": Saves("help-desk.json")})


def test_the_help_desk_of_the_page_resets_the_staff_and_not_the_administrators(
    server: RunningServer, admin: Terminal, client: Callable[[str], Any]
) -> None:
    iam = client("iam")
    with PageRun(BROWSER, admin) as page:
        page.exchanged["111122223333"] = server.account_id
        page.rest()
        policy = (page.home / "help-desk.json").read_text()
    decisions = iam.simulate_custom_policy(
        PolicyInputList=[policy],
        ActionNames=["iam:UpdateLoginProfile", "signin:RevokeSession"],
        ResourceArns=[
            f"arn:aws:iam::{server.account_id}:user/{name}" for name in ("staff/dana", "admins/root")
        ],
    )["EvaluationResults"]
    allowed = {
        (each["EvalActionName"], each["EvalResourceName"].rpartition(":")[2])
        for each in decisions
        if each["EvalDecision"] == "allowed"
    }
    assert allowed == {
        ("iam:UpdateLoginProfile", "user/staff/dana"),
        ("signin:RevokeSession", "user/staff/dana"),
    }
