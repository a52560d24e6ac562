"""What ends or narrows credentials holds at the gateway as at STS: the login behind them, session policies, the key itself.

IAM user guide, "Session policies"; IAM reference, "UpdateAccessKey", "DeleteAccessKey".
"""

from collections.abc import AsyncIterator

import pytest

from daypass.protocol.aws.errors import AwsError
from daypass.protocol.aws.sigv4 import EMPTY_PAYLOAD_HASH, Credentials, WireRequest, sign_request
from daypass.secret import Secret
from daypass.server.adapters.sql.redeem import begin_session
from daypass.server.domain.audit import Caller
from daypass.server.domain.role_owner import RoleOwner
from daypass.server.domain.session import LoginSession
from daypass.server.domain.session_scope import build_scope
from daypass.server.flows.open_credentials import KeyUses
from daypass.server.gateway.admission import Admission
from daypass.server.gateway.attempt import Attempt
from daypass.server.gateway.bucket_directory import BucketDirectory
from daypass.server.ports.storage import Bucket
from support.query_world import ACCOUNT, QueryWorld, allow, open_query_world, policy_text, trust
from support.storage_records import make_login_session

HOST = "127.0.0.1:1"


@pytest.fixture
async def world() -> AsyncIterator[QueryWorld]:
    world = await open_query_world()
    await world.storage.buckets.claim_bucket(Bucket("data", ACCOUNT, world.now, "us-east-1"))
    yield world
    await world.storage.close()


async def refusal(world: QueryWorld, credentials: Credentials, path: str = "/data/plan") -> str:
    """The error code, or empty when the request is admitted. A second later than what came before."""
    world.now += 1
    wire = WireRequest("GET", path, "", (("Host", HOST),))
    headers = sign_request(
        credentials,
        wire,
        region="us-east-1",
        service="s3",
        now=world.now,
        payload_hash=EMPTY_PAYLOAD_HASH,
        is_s3=True,
    )
    admission = Admission(
        bucket_directory=BucketDirectory(world.storage.buckets, adopting_account=None),
        ring=world.ring,
        directory=world.directory,
        key_uses=KeyUses(world.storage.access_keys),
        clock=lambda: world.now,
        region="us-east-1",
        virtual_host_suffix=None,
    )
    caller = Caller("id", "127.0.0.1", "test/1", is_secure=True)
    try:
        await admission.admit(
            WireRequest("GET", path, "", headers),
            None,  # type: ignore[arg-type]  # the body stays unread
            None,  # type: ignore[arg-type]  # nothing is answered
            Attempt(caller, path),
        )
    except AwsError as error:
        return error.code
    return ""


async def claims_of(world: QueryWorld, name: str, **changes: object) -> Credentials:
    user = await world.storage.users.load_user(ACCOUNT, name)
    assert user is not None
    return world.credentials(ACCOUNT, "user", user.arn, user.user_id, **changes)


async def test_credentials_end_with_the_login_they_came_from(world: QueryWorld) -> None:
    await world.new_user("ada", allow("s3:*"))
    user = await world.storage.users.load_user(ACCOUNT, "ada")
    assert user is not None
    parent = make_login_session(
        "parent", account_id=ACCOUNT, principal_id=user.user_id, created_at=world.now, ends_at=world.now + 900
    )
    logins = world.storage.login_sessions
    await begin(world, parent)
    scoped = make_login_session(
        "scoped",
        account_id=ACCOUNT,
        principal_id=user.user_id,
        ends_at=world.now + 900,
        scope=build_scope(policy=policy_text(allow("s3:*")), policy_arns=(), name="agent"),
    )
    begun = await logins.begin_scoped_session(parent.session_id, scoped, limit=1, now=world.now)
    assert begun == "begun"
    own = await claims_of(world, "ada", login_session_id=parent.session_id)
    narrowed = await claims_of(world, "ada", login_session_id=scoped.session_id, scope=scoped.scope)
    other = await claims_of(world, "ada", login_session_id="another")
    assert [await refusal(world, each) for each in (own, narrowed, other)] == ["", "", ""]
    await logins.revoke_login_session(parent.session_id, now=world.now)
    everybody = (own, narrowed, other)
    assert [await refusal(world, each) for each in everybody] == ["ExpiredToken", "ExpiredToken", ""]
    at_sts = [(await world.call(each, "sts", "GetCallerIdentity")).status for each in everybody]
    assert at_sts == [403, 403, 200]


async def assume(world: QueryWorld, caller: Credentials, role_arn: str) -> Credentials:
    answer = await world.call(caller, "sts", "AssumeRole", RoleArn=role_arn, RoleSessionName="work")
    assert answer.status == 200, answer.text
    return Credentials(
        answer.value("AccessKeyId"),
        Secret(answer.value("SecretAccessKey")),
        Secret(answer.value("SessionToken")),
    )


async def refusals(world: QueryWorld, *everybody: Credentials) -> list[tuple[str, str]]:
    """At the gateway, and at STS."""
    found = []
    for each in everybody:
        at_gateway = await refusal(world, each)
        found.append((at_gateway, (await world.call(each, "sts", "GetCallerIdentity")).code))
    return found


ENDED = ("ExpiredToken", "ExpiredToken")
LIVES = ("", "")


async def test_a_role_assumed_with_a_login_ends_when_the_login_is_revoked(world: QueryWorld) -> None:
    """However many roles lie between; a role that a key assumed, or another login, goes on, as in AWS."""
    await world.new_user("ada", allow("s3:*", "sts:AssumeRole"))
    user = await world.storage.users.load_user(ACCOUNT, "ada")
    assert user is not None
    login = make_login_session(
        "ada", account_id=ACCOUNT, principal_id=user.user_id, created_at=world.now, ends_at=world.now + 900
    )
    await begin(world, login)
    first = await world.new_role("first", trust({"AWS": ACCOUNT}))
    second = await world.new_role("second", trust({"AWS": ACCOUNT}))
    for name in ("first", "second"):
        await world.call(
            world.root,
            "iam",
            "PutRolePolicy",
            RoleName=name,
            PolicyName="p",
            PolicyDocument=policy_text(allow("s3:*", "sts:AssumeRole")),
        )
    world.now += 1
    of_login = await assume(world, await claims_of(world, "ada", login_session_id=login.session_id), first)
    chained = await assume(world, of_login, second)
    of_key = await assume(world, await claims_of(world, "ada"), first)
    of_another = await assume(world, await claims_of(world, "ada", login_session_id="another"), first)
    everybody = (of_login, chained, of_key, of_another)
    assert await refusals(world, *everybody) == [LIVES] * 4
    await world.storage.login_sessions.revoke_login_session(login.session_id, now=world.now)
    assert await refusals(world, *everybody) == [ENDED, ENDED, LIVES, LIVES]
    world.now = login.ends_at + 120  # the login would be over by itself; the roles' hour is not
    await world.storage.purge_expired(now=world.now)
    assert await refusals(world, *everybody) == [ENDED, ENDED, LIVES, LIVES]


async def test_a_role_taken_in_the_pages_has_no_live_credentials_after_its_user(world: QueryWorld) -> None:
    """A terminal's of that role, and a role's behind it. Of a role that a key assumed AWS says: it goes on."""
    await world.new_user("ada", allow("s3:*", "sts:AssumeRole"))
    user = await world.storage.users.load_user(ACCOUNT, "ada")
    assert user is not None
    role_arn = await world.new_role("first", trust({"AWS": ACCOUNT}))
    policy = policy_text(allow("s3:*", "sts:AssumeRole"))
    await world.call(
        world.root, "iam", "PutRolePolicy", RoleName="first", PolicyName="p", PolicyDocument=policy
    )
    role = await world.storage.roles.load_role(ACCOUNT, "first")
    assert role is not None
    world.now += 1
    of_page = world.credentials(
        ACCOUNT,
        "role",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/first/ada",
        f"{role.role_id}:ada",
        role_arn=role_arn,
        owner=RoleOwner(ACCOUNT, user.user_id, user.credentials_epoch),
    )
    chained = await assume(world, of_page, role_arn)
    of_key = await assume(world, await claims_of(world, "ada"), role_arn)
    assert await refusals(world, of_page, chained, of_key) == [LIVES] * 3
    await world.call(world.root, "iam", "DetachUserPolicy", UserName="ada", PolicyArn=await policy_of(world))
    assert (await world.call(world.root, "iam", "DeleteUser", UserName="ada")).status == 200
    assert await refusals(world, of_page, chained, of_key) == [ENDED, ENDED, LIVES]


async def policy_of(world: QueryWorld) -> str:
    answer = await world.call(world.root, "iam", "ListAttachedUserPolicies", UserName="ada")
    return answer.value("PolicyArn")


async def begin(world: QueryWorld, login: LoginSession) -> None:
    """A login without the code that would begin it."""
    engine = world.storage.login_sessions._engine  # type: ignore[attr-defined]  # no port begins one alone
    await engine.run(lambda transaction: begin_session(transaction, login))


@pytest.mark.parametrize("kind", ["inline", "managed"])
async def test_session_policies_narrow_what_the_user_may(world: QueryWorld, kind: str) -> None:
    await world.new_user("ada", allow("s3:*"))
    statement = allow("s3:GetObject", resource="arn:aws:s3:::data/open/*")
    if kind == "inline":
        scope = build_scope(policy=policy_text(statement), policy_arns=())
    else:
        scope = build_scope(policy=None, policy_arns=(await world.new_policy("narrow", statement),))
    narrowed = await claims_of(world, "ada", scope=scope)
    assert await refusal(world, narrowed, "/data/open/plan") == ""
    assert await refusal(world, narrowed, "/data/secret/plan") == "AccessDenied"
    assert await refusal(world, await claims_of(world, "ada"), "/data/secret/plan") == ""


@pytest.mark.parametrize("end", ["UpdateAccessKey", "DeleteAccessKey"])
async def test_a_long_term_key_ends_within_a_second(world: QueryWorld, end: str) -> None:
    await world.new_user("ada", allow("s3:*"))
    made = await world.call(world.root, "iam", "CreateAccessKey", UserName="ada")
    key = Credentials(
        made.value("AccessKey/AccessKeyId"), Secret(made.value("AccessKey/SecretAccessKey")), None
    )
    assert await refusal(world, key) == ""
    more = {"Status": "Inactive"} if end == "UpdateAccessKey" else {}
    ended = await world.call(world.root, "iam", end, UserName="ada", AccessKeyId=key.access_key_id, **more)
    assert ended.status == 200, ended.text
    assert await refusal(world, key) == "InvalidAccessKeyId"
