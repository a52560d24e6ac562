"""Every STS operation by the unmodified `aws sts` of both versions, and what each refuses.

AssumeRoleWithSAML and AssumeRoleWithWebIdentity by boto3 and the CLI stand in `test_boto_federation.py` and
`tests/browser/test_federated_organisation.py`.
"""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import pyotp
import pytest

from daypass.protocol.aws.sigv4 import Credentials
from support.aws_cli_v2 import aws_cli_v2
from support.organisation import ACCOUNT, AWS_CLI_V1, Organisation, temporary
from support.query_world import allow, policy_text, trust

pytestmark = pytest.mark.clients

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
READ_USERS = policy_text(allow("iam:ListUsers"))


@pytest.fixture(params=["version 1", "version 2"])
def organisation(request: pytest.FixtureRequest) -> Iterator[Organisation]:
    with Organisation(AWS_CLI_V1 if request.param == "version 1" else aws_cli_v2()) as made:
        yield made


@pytest.fixture
def keeper(organisation: Organisation) -> Credentials:
    """An administrator's access key."""
    organisation.iam.create_user(UserName="keeper")
    organisation.iam.attach_user_policy(UserName="keeper", PolicyArn=ADMINISTRATOR)
    return organisation.user_key("keeper")


@pytest.fixture
def role(organisation: Organisation) -> str:
    made = organisation.iam.create_role(
        RoleName="ops",
        AssumeRolePolicyDocument=policy_text(trust({"AWS": ACCOUNT}, ["sts:AssumeRole", "sts:TagSession"])),
    )
    organisation.iam.attach_role_policy(RoleName="ops", PolicyArn=ADMINISTRATOR)
    return str(made["Role"]["Arn"])


def device_of(organisation: Organisation, user_name: str) -> tuple[str, pyotp.TOTP]:
    """A virtual device that is this user's; its codes begin a step later."""
    made = organisation.iam.create_virtual_mfa_device(VirtualMFADeviceName=user_name)["VirtualMFADevice"]
    codes = pyotp.TOTP(bytes(made["Base32StringSeed"]).decode())
    now = organisation.world.now
    organisation.iam.enable_mfa_device(
        UserName=user_name,
        SerialNumber=made["SerialNumber"],
        AuthenticationCode1=codes.at(now - 30),
        AuthenticationCode2=codes.at(now),
    )
    organisation.world.now += 30
    return str(made["SerialNumber"]), codes


def sts(organisation: Organisation, who: Credentials, *arguments: str) -> Any:
    return organisation.aws(who, "sts", *arguments)


def test_get_caller_identity_and_get_access_key_info(organisation: Organisation, keeper: Credentials) -> None:
    identity = sts(organisation, keeper, "get-caller-identity").json
    assert identity["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/keeper"
    asked = ("get-access-key-info", "--access-key-id", keeper.access_key_id)
    assert sts(organisation, keeper, *asked).json == {"Account": ACCOUNT}


def test_assume_role_with_session_policy_tags_and_duration(
    organisation: Organisation, keeper: Credentials, role: str
) -> None:
    made = sts(
        organisation,
        keeper,
        *("assume-role", "--role-arn", role, "--role-session-name", "cli", "--duration-seconds", "900"),
        *("--policy", READ_USERS, "--tags", "Key=team,Value=red", "--transitive-tag-keys", "team"),
    ).json
    assert made["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/cli"
    assert 0 < made["PackedPolicySize"] < 100
    session = temporary(made["Credentials"])
    assert organisation.aws(session, "iam", "list-users").code == 0
    refused = organisation.aws(session, "iam", "list-roles")
    assert refused.code != 0
    assert "no session policy allows the iam:ListRoles action" in refused.err


def test_get_session_token_with_a_code(organisation: Organisation, keeper: Credentials) -> None:
    serial, codes = device_of(organisation, "keeper")
    device = ("--serial-number", serial, "--token-code")
    made = sts(organisation, keeper, "get-session-token", *device, codes.at(organisation.world.now)).json
    session = temporary(made["Credentials"])
    assert organisation.aws(session, "iam", "list-users").code == 0
    again = sts(organisation, keeper, "get-session-token", *device, codes.at(organisation.world.now))
    assert "MultiFactorAuthentication failed" in again.err
    plain = temporary(sts(organisation, keeper, "get-session-token").json["Credentials"])
    assert "AccessDenied" in organisation.aws(plain, "iam", "list-users").err


def test_the_longest_session_token_is_carried_by_every_call(
    organisation: Organisation, keeper: Credentials, role: str
) -> None:
    """By boto3: the CLI's own version of the model is from before this parameter."""
    made = organisation.client("sts", keeper).assume_role(
        RoleArn=role, RoleSessionName="long", MinimumSessionTokenSize=4096
    )
    assert (made["SessionTokenSize"], made["SessionTokenUtilization"]) == (4096, 100)
    session = temporary(made["Credentials"])
    assert organisation.aws(session, "iam", "list-users").code == 0


def test_get_federation_token(organisation: Organisation, keeper: Credentials) -> None:
    made = sts(organisation, keeper, "get-federation-token", "--name", "guest", "--policy", READ_USERS).json
    assert made["FederatedUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:federated-user/guest"
    guest = temporary(made["Credentials"])
    assert sts(organisation, guest, "get-caller-identity").json["UserId"] == f"{ACCOUNT}:guest"
    refused = sts(organisation, guest, "get-federation-token", "--name", "more")
    assert "AccessDenied" in refused.err


@pytest.mark.parametrize("algorithm", ["ES384", "RS256"])
def test_get_web_identity_token(organisation: Organisation, keeper: Credentials, algorithm: str) -> None:
    made = sts(
        organisation,
        keeper,
        *("get-web-identity-token", "--audience", "store.example", "--signing-algorithm", algorithm),
    ).json
    payload = made["WebIdentityToken"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert (claims["sub"], claims["aud"]) == (
        f"arn:aws:iam::{ACCOUNT}:user/keeper",
        "store.example",
    )


def test_decode_authorization_message(organisation: Organisation, keeper: Credentials) -> None:
    organisation.iam.create_user(UserName="nobody")
    nobody = organisation.user_key("nobody")
    refused = organisation.aws(nobody, "iam", "list-users")
    found = re.search(r"[Ee]ncoded authorization failure message: (\S+)", refused.err)
    assert found is not None, refused.err
    asked = ("decode-authorization-message", "--encoded-message", found[1].rstrip("."))
    decoded = json.loads(sts(organisation, keeper, *asked).json["DecodedMessage"])
    assert decoded["allowed"] is False
    assert decoded["context"]["action"] == "iam:ListUsers"
    assert "AccessDenied" in sts(organisation, nobody, *asked).err


@pytest.mark.parametrize("operation", ["assume-root", "get-delegated-access-token"])
def test_what_the_server_has_not_is_refused_by_name(
    organisation: Organisation, keeper: Credentials, operation: str
) -> None:
    words = {
        "assume-root": (
            *("--target-principal", ACCOUNT),
            *("--task-policy-arn", "arn=arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"),
        ),
        "get-delegated-access-token": ("--trade-in-token", "x"),
    }[operation]
    refused = sts(organisation, keeper, operation, *words)
    assert refused.code != 0
    assert "not supported by this server" in refused.err
