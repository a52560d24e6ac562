"""`daypass server explain`, word for word: what is typed, every line of the answer, the exit code."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from daypass.server.__main__ import main
from daypass.server.adapters.sql import open_storage
from daypass.server.domain.account import Account, ManagedPolicy, Role, User
from daypass.server.domain.account_settings import ServiceControlPolicy
from daypass.server.ports.storage import Bucket, Storage
from support.page_blocks import read_blocks

ACCOUNT, OTHER = "111122223333", "444455556666"
ROOT, ALICE = f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{ACCOUNT}:user/team/alice"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ops"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/ann"
THEIRS = f"arn:aws:iam::{OTHER}:role/theirs"
NOW = 1_900_000_000

_Explain = Callable[..., tuple[int, str, str]]


def _statement(effect: str, action: object, resource: object = "*", **more: object) -> dict[str, object]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def _text(*statements: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _trust(principal: str) -> str:
    return _text({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"})


async def _policy(storage: Storage, name: str, text: str, *attached: str) -> str:
    policy = ManagedPolicy(ACCOUNT, f"ANPA{name.upper():0<17}", name, "/", text, NOW)
    await storage.policies.create_policy(policy)
    for principal_id in attached:
        await storage.policies.attach_policy(ACCOUNT, principal_id, policy.arn)
    return policy.arn


async def _fill(database_url: str) -> None:
    storage = await open_storage(database_url)
    await storage.migrate()
    for account_id in (ACCOUNT, OTHER):
        await storage.accounts.create_account(
            Account(account_id, None, f"{account_id}@x.example", "", 0, NOW)
        )
    await storage.users.create_user(User(ACCOUNT, "AIDAALICE000000000000", "alice", "/team/", NOW))
    await storage.roles.create_role(Role(ACCOUNT, "AROAOPS00000000000000", "ops", "/", _trust(ACCOUNT), NOW))
    await storage.roles.create_role(Role(OTHER, "AROATHEIRS00000000000", "theirs", "/", _trust(ACCOUNT), NOW))
    both = ("AIDAALICE000000000000", "AROAOPS00000000000000")
    office = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    own = _text(
        _statement("Allow", ["s3:*", "sts:AssumeRole"]),
        _statement("Allow", "iam:ListUsers", Condition=office, Sid="Office"),
        _statement("Deny", "s3:DeleteObject", Sid="Keep"),
    )
    await _policy(storage, "own", own, *both)
    bound = await _policy(
        storage, "bound", _text(_statement("Allow", ["s3:Get*", "s3:Delete*", "sts:*", "iam:*"]))
    )
    await storage.users.update_user(ACCOUNT, "alice", permissions_boundary=bound)
    ceiling = _text(_statement("Allow", "*"), _statement("Deny", "s3:GetObjectAcl", Sid="NoAcls"))
    settings = storage.account_settings
    await settings.put_service_control_policy(ServiceControlPolicy(ACCOUNT, "ceiling", ceiling, NOW))
    await storage.buckets.claim_bucket(Bucket("photos", ACCOUNT, NOW))
    named = {"Principal": {"AWS": SESSION}, "Sid": "for Ann"}
    grant = _statement("Allow", "s3:PutObject", "arn:aws:s3:::photos/*", **named)
    await storage.buckets.put_bucket_policy("photos", ACCOUNT, _text(grant))
    await storage.buckets.claim_bucket(Bucket("theirs", OTHER, NOW))
    await storage.close()


@pytest.fixture
def explain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> _Explain:
    """Types the command; returns exit code, standard output and standard error."""
    database_url = f"sqlite:///{tmp_path}/server.db"
    asyncio.run(_fill(database_url))

    def type_it(*words: str) -> tuple[int, str, str]:
        code = main(["server", "explain", *words, "--database-url", database_url])
        said = capsys.readouterr()
        return code, said.out, said.err

    return type_it


OWN = f"arn:aws:iam::{ACCOUNT}:policy/own"
BOUND = f"arn:aws:iam::{ACCOUNT}:policy/bound"
CAT = "arn:aws:s3:::photos/cat"

ALLOWED = f"""\
allowed: s3:GetObject on {CAT}
  service control policies  allow  service control policy ceiling, statement 1
  resource-based policy     silent  (not needed)
  identity-based policies   allow  {OWN}, statement 1
  permissions boundary      allow  {BOUND}, statement 1
  session policies          none
"""
DENIED_BY_STATEMENT = f"""\
denied: s3:DeleteObject on {CAT} with an explicit deny in an identity-based policy
  service control policies  allow  service control policy ceiling, statement 1
  resource-based policy     silent  (not needed)
  identity-based policies   deny  {OWN}, statement 3 (Keep)
  permissions boundary      allow  {BOUND}, statement 1
  session policies          none
"""
DENIED_BY_BOUNDARY = f"""\
denied: s3:PutObject on {CAT} because no permissions boundary allows the s3:PutObject action
  service control policies  allow  service control policy ceiling, statement 1
  resource-based policy     silent  (not needed)
  identity-based policies   allow  {OWN}, statement 1
  permissions boundary      silent
  session policies          none
"""
DENIED_ROOT = f"""\
denied: s3:GetObjectAcl on {CAT} with an explicit deny in a service control policy
  service control policies  deny  service control policy ceiling, statement 2 (NoAcls)
  resource-based policy     silent  (not needed)
  identity-based policies   none
  permissions boundary      none
  session policies          none
"""
GRANTED_BY_BUCKET = f"""\
allowed: s3:PutObject on {CAT}
  service control policies  allow  service control policy ceiling, statement 1
  resource-based policy     allow  bucket policy of photos, statement 1 (for Ann)
  identity-based policies   allow  {OWN}, statement 1
  permissions boundary      none
  session policies          silent  (not needed)
"""
NOT_AT_THE_OFFICE = f"""\
denied: iam:ListUsers on * because no identity-based policy allows the iam:ListUsers action
  service control policies  allow  service control policy ceiling, statement 1
  resource-based policy     none
  identity-based policies   silent
  permissions boundary      allow  {BOUND}, statement 1
  session policies          none
  condition not met: aws:sourceip of the allow in {OWN}, statement 2 (Office)
"""
THEIR_BUCKET = """\
denied: s3:GetObject on arn:aws:s3:::theirs/x because no resource-based policy allows the s3:GetObject action
"""


@pytest.mark.parametrize(
    "words, code, answer",
    [
        ((ALICE, "s3:GetObject", CAT), 0, ALLOWED),
        ((ALICE, "s3:DeleteObject", CAT), 1, DENIED_BY_STATEMENT),
        ((ALICE, "s3:PutObject", CAT), 1, DENIED_BY_BOUNDARY),
        ((ROOT, "s3:GetObjectAcl", CAT), 1, DENIED_ROOT),
        ((ALICE, "iam:ListUsers", "*"), 1, NOT_AT_THE_OFFICE),
    ],
)
def test_every_kind_of_policy_says_its_word(
    explain: _Explain, words: tuple[str, ...], code: int, answer: str
) -> None:
    assert explain(*words) == (code, answer, "")


def test_the_explanation_page_shows_an_answer_as_it_is(explain: _Explain) -> None:
    page = Path(__file__).parents[2] / "docs" / "explanation" / "how-a-request-is-decided.md"
    (block,) = read_blocks(page)
    assert explain(ALICE, "s3:PutObject", CAT)[1] == block.text


def test_a_condition_value_of_the_request_can_be_given(explain: _Explain) -> None:
    code, out, _ = explain(ALICE, "iam:ListUsers", "*", "--context", "aws:SourceIp=192.0.2.7")
    assert (code, out.splitlines()[0]) == (0, "allowed: iam:ListUsers on *")
    code, _, _ = explain(ALICE, "iam:ListUsers", "*", "--context", "aws:SourceIp=198.51.100.7")
    assert code == 1


def test_a_session_policy_narrows_unless_the_bucket_names_the_session(
    explain: _Explain, tmp_path: Path
) -> None:
    file = tmp_path / "narrow.json"
    file.write_text(_text(_statement("Allow", "s3:GetObject")))
    assert explain(SESSION, "s3:PutObject", CAT, "--session-policy", str(file)) == (0, GRANTED_BY_BUCKET, "")
    other = "arn:aws:s3:::other/cat"
    code, out, _ = explain(SESSION, "s3:PutObject", other, "--session-policy", str(file))
    assert (code, out.splitlines()[0].partition(" because ")[2]) == (
        1,
        "no session policy allows the s3:PutObject action",
    )


def test_another_account_s_bucket_and_role_need_both_sides(explain: _Explain) -> None:
    code, out, _ = explain(ALICE, "s3:GetObject", "arn:aws:s3:::theirs/x")
    assert (code, out.splitlines(keepends=True)[0]) == (1, THEIR_BUCKET)
    assert explain(ALICE, "sts:AssumeRole", THEIRS)[0] == 0
    assert explain(ALICE, "sts:AssumeRole", ROLE)[0] == 0
    assert explain(ALICE, "iam:GetUser", f"arn:aws:iam::{OTHER}:user/bob")[0] == 1
    assert explain(ROOT, "iam:GetUser", f"arn:aws:iam::{OTHER}:user/bob")[0] == 1


def test_as_json_it_is_one_object_with_everything(explain: _Explain) -> None:
    code, out, err = explain(
        ALICE, "s3:DeleteObject", CAT, "--json", "--context", "aws:TagKeys=a", "--context", "aws:TagKeys=b"
    )
    document = json.loads(out)
    assert (code, err) == (1, "")
    values = document.pop("condition_values")
    assert values["aws:PrincipalArn"] == ALICE
    assert values["aws:username"] == "alice"
    assert values["aws:TagKeys"] == ["a", "b"]
    assert values["aws:ResourceAccount"] == ACCOUNT
    assert "aws:SourceIp" not in values
    keep = {"policy": OWN, "index": 2, "sid": "Keep"}

    def layer(
        policy_type: str, effect: str, policy: str | None, *, is_needed: bool = True
    ) -> dict[str, object]:
        statement = None if policy is None else {"policy": policy, "index": 0, "sid": ""}
        return {"policy_type": policy_type, "effect": effect, "is_needed": is_needed, "statement": statement}

    assert document == {
        "allowed": False,
        "principal": ALICE,
        "action": "s3:DeleteObject",
        "resource": CAT,
        "effect": "explicitDeny",
        "policy_type": "identity-based policy",
        "statement": keep,
        "reason": "with an explicit deny in an identity-based policy",
        "layers": [
            layer("service control policy", "allowed", "service control policy ceiling"),
            layer("resource-based policy", "implicitDeny", None, is_needed=False),
            {**layer("identity-based policy", "explicitDeny", None), "statement": keep},
            layer("permissions boundary", "allowed", BOUND),
        ],
        "conditions_not_met": [],
    }


@pytest.mark.parametrize(
    "words",
    [
        (f"{ALICE}x", "s3:GetObject", CAT),
        (ALICE.replace("team/", ""), "s3:GetObject", CAT),
        (f"arn:aws:iam::{ACCOUNT}:group/all", "s3:GetObject", CAT),
        ("alice", "s3:GetObject", CAT),
        ("arn:aws:iam::999999999999:root", "s3:GetObject", CAT),
        (ALICE, "s3:GetObject", CAT, "--context", "aws:SourceIp"),
        (ALICE, "s3:GetObject", CAT, "--session-policy", "/nowhere.json"),
        (ALICE, "s3:GetObject", CAT, "--session-policy", __file__),
        (ALICE, "s3:GetObject", "arn:aws:s3"),
    ],
)
def test_what_cannot_be_asked_says_so_and_prints_no_answer(explain: _Explain, words: tuple[str, ...]) -> None:
    code, out, err = explain(*words)
    assert (code, out) == (2, "")
    assert err.startswith("daypass: ")
    assert "[usage]" in err
