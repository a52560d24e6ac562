"""AssumeRole: both sides must agree, and nothing that narrows a session is dropped in silence."""

import pytest

from daypass.protocol.aws.sigv4 import Credentials
from daypass.server.domain.tokens import open_session_token
from support.query_world import ACCOUNT, NOW, OTHER_ACCOUNT, Answer, QueryWorld, allow, deny, trust
from support.sts_credentials import session_of

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"


async def _assume(world: QueryWorld, who: Credentials, role: str, **more: str) -> Answer:
    return await world.call(who, "sts", "AssumeRole", RoleArn=role, RoleSessionName="work", **more)


async def test_a_principal_named_by_arn_at_home_needs_no_identity_policy(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    role = await world.new_role("reader", trust({"AWS": ALICE}))
    answer = await _assume(world, alice, role)
    assert answer.value("AssumedRoleUser/Arn") == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/work"
    assert answer.value("AssumedRoleUser/AssumedRoleId").startswith("AROA")
    assert answer.value("Credentials/Expiration") == "2030-03-17T18:46:40Z"
    assert answer.value("AccessKeyId").startswith("ASIA")
    assert len(answer.value("SessionToken")) < 1024
    assert not answer.has("PackedPolicySize")
    assert not answer.has("SourceIdentity")


async def test_a_trusted_account_leaves_the_word_to_identity_policies(world: QueryWorld) -> None:
    role = await world.new_role("reader", trust({"AWS": ACCOUNT}))
    alice = await world.new_user("alice")
    refused = await _assume(world, alice, role)
    assert (refused.status, refused.code) == (403, "AccessDenied")
    assert (
        refused.message == f"User: {ALICE} is not authorized to perform: sts:AssumeRole on resource: {role}"
    )
    bob = await world.new_user("bob", allow("sts:AssumeRole", resource=role))
    assert (await _assume(world, bob, role)).status == 200


async def test_everybody_trusted_still_needs_an_identity_policy(world: QueryWorld) -> None:
    role = await world.new_role("reader", trust("*"))
    assert (await _assume(world, await world.new_user("alice"), role)).code == "AccessDenied"


async def test_an_untrusted_principal_is_refused_whatever_its_policies(world: QueryWorld) -> None:
    await world.new_user("bob")
    alice = await world.new_user("alice", "arn:aws:iam::aws:policy/AdministratorAccess")
    role = await world.new_role("reader", trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/bob"}))
    assert (await _assume(world, alice, role)).code == "AccessDenied"


async def test_an_explicit_deny_of_identity_beats_a_trust_by_name(world: QueryWorld) -> None:
    alice = await world.new_user("alice", deny("sts:AssumeRole"))
    role = await world.new_role("reader", trust({"AWS": ALICE}))
    assert (await _assume(world, alice, role)).code == "AccessDenied"


async def test_a_deny_in_the_trust_policy_wins(world: QueryWorld) -> None:
    alice = await world.new_user("alice", allow("sts:*"))
    role = await world.new_role("reader", trust({"AWS": ALICE}), trust({"AWS": ACCOUNT}) | {"Effect": "Deny"})
    assert (await _assume(world, alice, role)).code == "AccessDenied"


async def test_across_accounts_both_sides_must_agree(world: QueryWorld) -> None:
    role = await world.new_role("guest", trust({"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:user/carol"}))
    created = await world.call(world.other_root, "iam", "CreateUser", UserName="carol")
    carol = world.credentials(OTHER_ACCOUNT, "user", created.value("User/Arn"), created.value("User/UserId"))
    assert (await _assume(world, carol, role)).code == "AccessDenied", "trusted by name, but not at home"
    await world.call(
        world.other_root,
        "iam",
        "AttachUserPolicy",
        UserName="carol",
        PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess",
    )
    answer = await _assume(world, carol, role)
    identity = await world.call(session_of(answer), "sts", "GetCallerIdentity")
    assert identity.value("Account") == ACCOUNT


async def test_a_role_that_does_not_exist_is_refused_in_the_same_words(world: QueryWorld) -> None:
    alice = await world.new_user("alice", allow("sts:AssumeRole"))
    await world.new_role("reader", trust({"AWS": ALICE}), Path="/team/")
    for role in (
        f"arn:aws:iam::{ACCOUNT}:role/nobody",
        f"arn:aws:iam::{ACCOUNT}:role/reader",
        f"arn:aws:iam::{ACCOUNT}:role/team/READER",
        "arn:aws:iam::999999999999:role/reader",
    ):
        answer = await _assume(world, alice, role)
        assert (
            answer.message
            == f"User: {ALICE} is not authorized to perform: sts:AssumeRole on resource: {role}"
        )
    assert (await _assume(world, alice, f"arn:aws:iam::{ACCOUNT}:role/team/reader")).status == 200


@pytest.mark.parametrize(
    "role", [f"arn:aws:iam::{ACCOUNT}:user/alice", "x" * 30, f"arn:aws:sts::{ACCOUNT}:role/reader"]
)
async def test_an_arn_that_is_no_role_is_refused(world: QueryWorld, role: str) -> None:
    assert (await _assume(world, await world.new_user("alice"), role)).code == "ValidationError"


async def test_root_cannot_assume_roles(world: QueryWorld) -> None:
    role = await world.new_role("reader", trust({"AWS": ACCOUNT}))
    answer = await _assume(world, world.root, role)
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert answer.message == "Roles may not be assumed by root accounts."


async def test_the_external_id_is_asked_for_by_condition(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    condition = {"StringEquals": {"sts:ExternalId": "agreed"}}
    role = await world.new_role("reader", trust({"AWS": ALICE}, Condition=condition))
    assert (await _assume(world, alice, role)).code == "AccessDenied"
    assert (await _assume(world, alice, role, ExternalId="other")).code == "AccessDenied"
    assert (await _assume(world, alice, role, ExternalId="agreed")).status == 200


async def test_the_session_name_can_be_a_condition(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    condition = {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}
    role = await world.new_role("reader", trust({"AWS": ALICE}, Condition=condition))
    assert (await _assume(world, alice, role)).code == "AccessDenied"
    answer = await world.call(alice, "sts", "AssumeRole", RoleArn=role, RoleSessionName="alice")
    assert answer.status == 200


@pytest.mark.parametrize("name", ["x", "", "a b", "a/b", "x" * 65, "é" * 3])
async def test_a_session_name_outside_the_pattern_is_refused(world: QueryWorld, name: str) -> None:
    alice = await world.new_user("alice")
    role = await world.new_role("reader", trust({"AWS": ALICE}))
    answer = await world.call(alice, "sts", "AssumeRole", RoleArn=role, RoleSessionName=name)
    assert (answer.status, answer.code) == (400, "ValidationError")


async def test_the_duration_is_bounded_by_model_and_role(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    role = await world.new_role("reader", trust({"AWS": ALICE}), MaxSessionDuration="7200")
    for seconds in ("899", "43201", "7201", "x", "-1"):
        assert (await _assume(world, alice, role, DurationSeconds=seconds)).code == "ValidationError"
    session = session_of(await _assume(world, alice, role, DurationSeconds="7200"))
    world.now += 7199
    assert (await world.call(session, "sts", "GetCallerIdentity")).status == 200
    world.now += 1
    assert (await world.call(session, "sts", "GetCallerIdentity")).code == "ExpiredToken"


async def test_a_role_session_chains_for_an_hour_at_most(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    first = await world.new_role("first", trust({"AWS": ALICE}), MaxSessionDuration="43200")
    second = await world.new_role("second", trust({"AWS": first}), MaxSessionDuration="43200")
    third = await world.new_role("third", trust({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/second/work"}))
    session = session_of(await _assume(world, alice, first))
    assert (await _assume(world, session, second, DurationSeconds="3601")).code == "ValidationError"
    chained = session_of(await _assume(world, session, second, DurationSeconds="3600"))
    assert (await _assume(world, chained, third)).status == 200, "a session can be trusted by its own ARN"
    assert (await _assume(world, session, third)).code == "AccessDenied"


async def test_a_session_has_the_policies_of_its_role(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    role = await world.new_role("reader", trust({"AWS": ALICE}))
    session = session_of(await _assume(world, alice, role))
    refused = await world.call(session, "iam", "ListUsers")
    assert refused.message == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/reader/work is not authorized to perform: iam:ListUsers on "
        f"resource: arn:aws:iam::{ACCOUNT}:user/ because no identity-based policy allows the iam:ListUsers action"
    )
    await world.call(
        world.root,
        "iam",
        "AttachRolePolicy",
        RoleName="reader",
        PolicyArn="arn:aws:iam::aws:policy/IAMReadOnlyAccess",
    )
    assert (await world.call(session, "iam", "ListUsers")).values("UserName") == ["alice"]


async def test_a_deleted_role_ends_its_sessions(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    role = await world.new_role("reader", trust({"AWS": ALICE}))
    session = session_of(await _assume(world, alice, role))
    await world.call(world.root, "iam", "DeleteRole", RoleName="reader")
    assert (await world.call(session, "sts", "GetCallerIdentity")).code == "InvalidClientTokenId"


async def test_a_source_identity_needs_its_own_permission_and_sticks(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    bare = await world.new_role("bare", trust({"AWS": ALICE}))
    assert (await _assume(world, alice, bare, SourceIdentity="alice")).code == "AccessDenied"

    set_it = trust({"AWS": ALICE}, "sts:SetSourceIdentity")
    first = await world.new_role("first", trust({"AWS": ALICE}), set_it)
    answer = await _assume(world, alice, first, SourceIdentity="alice")
    assert answer.value("SourceIdentity") == "alice"

    session = session_of(answer)
    deaf = await world.new_role("deaf", trust({"AWS": first}))
    assert (await _assume(world, session, deaf)).code == "AccessDenied", "an inherited identity counts too"
    second = await world.new_role(
        "second", trust({"AWS": first}), trust({"AWS": first}, "sts:SetSourceIdentity")
    )
    assert (await _assume(world, session, second, SourceIdentity="mallory")).code == "AccessDenied"
    assert (await _assume(world, session, second)).value("SourceIdentity") == "alice"


async def test_what_would_narrow_the_session_is_refused_and_never_ignored(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    role = await world.new_role("reader", trust({"AWS": ALICE}))
    context = {"ProvidedContexts.member.1.ProviderArn": "arn:aws:iam::aws:contextProvider/IdentityCenter"}
    answer = await _assume(world, alice, role, **context)
    assert (answer.status, answer.code) == (400, "ValidationError")
    assert answer.message == "The parameter ProvidedContexts is not supported yet"


async def test_empty_lists_as_some_sdks_send_them_are_no_parameters(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    role = await world.new_role("reader", trust({"AWS": ALICE}))
    assert (await _assume(world, alice, role, Tags="", PolicyArns="")).status == 200


async def test_assuming_and_being_refused_are_audited_without_secrets(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    role = await world.new_role("reader", trust({"AWS": ALICE}))
    answer = await _assume(world, alice, role, ExternalId="agreed-secret")
    await _assume(world, alice, f"arn:aws:iam::{ACCOUNT}:role/nobody")
    refused, assumed = (await world.storage.audit.list_events(account_id=ACCOUNT, since=NOW, limit=2))[:2]
    assert (assumed.event_source, assumed.event_name, assumed.error_code) == (
        "sts.amazonaws.com",
        "AssumeRole",
        "",
    )
    assert assumed.principal_arn == ALICE
    assert {name: value for name, value in assumed.detail.items() if not name.startswith("caller_")} == {
        "roleArn": role,
        "roleSessionName": "work",
        "accessKeyId": answer.value("AccessKeyId"),
        "assumedRoleArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/work",
        "expiresAt": NOW + 3600,
    }
    assert refused.error_code == "AccessDenied"
    assert world.metrics.events["sts.AssumeRole", "ok"] == 1
    assert world.metrics.events["sts.AssumeRole", "AccessDenied"] == 1


def _tags(**tags: str) -> dict[str, str]:
    """As the Query protocol spells them."""
    members: dict[str, str] = {}
    for number, (key, value) in enumerate(tags.items(), 1):
        members[f"Tags.member.{number}.Key"] = key
        members[f"Tags.member.{number}.Value"] = value
    return members


BOTH = ["sts:AssumeRole", "sts:TagSession"]


async def test_tags_need_their_own_permission_on_both_sides(world: QueryWorld) -> None:
    bob = await world.new_user("bob", allow("sts:AssumeRole"))
    carol = await world.new_user("carol", allow(*BOTH))
    bare = await world.new_role("bare", trust({"AWS": ACCOUNT}))
    role = await world.new_role("tagged", trust({"AWS": ACCOUNT}, BOTH))
    assert (await _assume(world, carol, bare, **_tags(team="blue"))).code == "AccessDenied"
    refused = await _assume(world, bob, role, **_tags(team="blue"))
    assert refused.message.startswith(
        f"User: arn:aws:iam::{ACCOUNT}:user/bob is not authorized to perform: sts:TagSession"
    )
    assert (await _assume(world, bob, role)).status == 200
    answer = await _assume(world, carol, role, **_tags(team="blue"))
    assert 0 < int(answer.value("PackedPolicySize")) <= 100


async def test_requested_tags_are_condition_keys(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    condition = {
        "StringEquals": {"aws:RequestTag/team": "blue"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["team"], "sts:TransitiveTagKeys": ["team"]},
    }
    role = await world.new_role("tagged", trust({"AWS": ALICE}, BOTH, Condition=condition))
    assert (await _assume(world, alice, role, **_tags(team="blue"))).status == 200
    assert (await _assume(world, alice, role, **_tags(team="green"))).code == "AccessDenied"
    assert (await _assume(world, alice, role)).code == "AccessDenied"
    assert (await _assume(world, alice, role, **_tags(team="blue", cost="7"))).code == "AccessDenied"
    more = _tags(team="blue") | {"TransitiveTagKeys.member.1": "team"}
    assert (await _assume(world, alice, role, **more)).status == 200


async def test_a_session_s_tags_are_its_principal_tags(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    role = await world.new_role(
        "tagged",
        trust({"AWS": ALICE}, BOTH),
        **{"Tags.member.1.Key": "Team", "Tags.member.1.Value": "red"},
    )
    policy = await world.new_policy(
        "by-tag", allow("iam:ListUsers", Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}})
    )
    await world.call(world.root, "iam", "AttachRolePolicy", RoleName="tagged", PolicyArn=policy)
    plain = session_of(await _assume(world, alice, role))
    assert (await world.call(plain, "iam", "ListUsers")).code == "AccessDenied", "the role's own tag is red"
    blue = session_of(await _assume(world, alice, role, **_tags(team="blue")))
    assert (await world.call(blue, "iam", "ListUsers")).status == 200, "the session's tag wins"


async def test_transitive_tags_go_along_and_cannot_be_changed(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    first = await world.new_role("first", trust({"AWS": ALICE}, BOTH))
    given = _tags(team="blue", cost="7") | {"TransitiveTagKeys.member.1": "Team"}
    session = session_of(await _assume(world, alice, first, **given))
    deaf = await world.new_role("deaf", trust({"AWS": first}))
    assert (await _assume(world, session, deaf)).code == "AccessDenied", "inherited tags are tags too"
    condition = {"StringEquals": {"aws:RequestTag/team": "blue"}, "Null": {"aws:RequestTag/cost": "true"}}
    second = await world.new_role("second", trust({"AWS": first}, BOTH, Condition=condition))
    chained = session_of(await _assume(world, session, second))
    for key in ("team", "TEAM"):
        refused = await _assume(world, session, second, **_tags(**{key: "green"}))
        assert (refused.code, refused.message) == (
            "ValidationError",
            "A tag that this session inherited as transitive cannot be passed again.",
        )
    third = await world.new_role(
        "third", trust({"AWS": second}, BOTH, Condition={"StringEquals": {"aws:RequestTag/team": "blue"}})
    )
    assert (await _assume(world, chained, third)).status == 200, "and along again"


async def test_a_chained_session_is_marked_as_one(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    first = await world.new_role("first", trust({"AWS": ALICE}))
    second = await world.new_role("second", trust({"AWS": first}))
    answer = await _assume(world, alice, first)
    chained = await _assume(world, session_of(answer), second)
    marks = [
        open_session_token(world.ring, one.value("SessionToken"))[0].is_chained for one in (answer, chained)
    ]
    assert marks == [False, True]


@pytest.mark.parametrize(
    "tags",
    [
        _tags(**{"aws:team": "x"}),
        _tags(**{"AWS:team": "x"}),
        _tags(team="a", Team="b"),
        _tags(**{"": "x"}),
        _tags(**{"k" * 129: "x"}),
        _tags(team="v" * 257),
        _tags(**{"te*am": "x"}),
        _tags(team="a\tb"),
        _tags(**{f"key-{number}": "x" for number in range(51)}),
        {"Tags.member.1.Key": "team"},
        {"Tags.member.2.Key": "team", "Tags.member.2.Value": "x"},
        _tags(team="x") | {"TransitiveTagKeys.member.1": "cost"},
        {"TransitiveTagKeys.member.1": "team"},
    ],
)
async def test_tags_that_are_none_are_refused(world: QueryWorld, tags: dict[str, str]) -> None:
    alice = await world.new_user("alice")
    role = await world.new_role("reader", trust({"AWS": ALICE}, BOTH))
    answer = await _assume(world, alice, role, **tags)
    assert (answer.status, answer.code) == (400, "ValidationError")


async def test_more_tags_than_a_session_can_carry_are_refused(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    role = await world.new_role("reader", trust({"AWS": ALICE}, BOTH))
    answer = await _assume(world, alice, role, **_tags(**{f"key-{number}": "x" * 200 for number in range(8)}))
    assert (answer.status, answer.code) == (400, "PackedPolicyTooLarge")


async def test_the_role_s_tags_are_resource_tags_of_the_question(world: QueryWorld) -> None:
    bob = await world.new_user(
        "bob", allow("sts:AssumeRole", Condition={"StringEquals": {"aws:ResourceTag/team": "blue"}})
    )
    for name, value in (("blue", "blue"), ("red", "red")):
        tags = {"Tags.member.1.Key": "team", "Tags.member.1.Value": value}
        role = await world.new_role(name, trust({"AWS": ACCOUNT}), **tags)
        assert (await _assume(world, bob, role)).code == ("" if value == "blue" else "AccessDenied")


async def test_tag_keys_are_audited_and_values_are_not(world: QueryWorld) -> None:
    alice = await world.new_user("alice")
    role = await world.new_role("reader", trust({"AWS": ALICE}, BOTH))
    await _assume(world, alice, role, **_tags(team="secret-value"))
    event = (await world.storage.audit.list_events(account_id=ACCOUNT, since=NOW, limit=1))[0]
    assert event.detail["tags"] == "team"
    assert "secret-value" not in repr(event)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("x" * 65, f" '{'x' * 65}'"),
        ("x" * 1000, f" '{'x' * 256}'"),
        ("x", " 'x'"),
        ("a b", " 'a b'"),
        ("a\x01b", ""),
        ("aé", ""),
    ],
)
async def test_a_refused_session_name_is_shown_as_far_as_an_answer_can_hold_it(
    world: QueryWorld, name: str, shown: str
) -> None:
    alice = await world.new_user("alice")
    role = await world.new_role("reader", trust({"AWS": ALICE}))
    answer = await world.call(alice, "sts", "AssumeRole", RoleArn=role, RoleSessionName=name)
    assert answer.code == "ValidationError"
    start = f"1 validation error detected: Value{shown} at 'roleSessionName' failed to satisfy constraint: "
    assert answer.message.startswith(start)


async def test_identity_policies_see_the_account_of_the_role(world: QueryWorld) -> None:
    """aws:ResourceAccount: a person may be kept to roles of named accounts."""
    role = await world.new_role("reader", trust({"AWS": ACCOUNT}))
    for name, account, code in (("ann", ACCOUNT, ""), ("bob", OTHER_ACCOUNT, "AccessDenied")):
        condition = {"StringEquals": {"aws:ResourceAccount": account}}
        person = await world.new_user(name, allow("sts:AssumeRole", Condition=condition))
        assert (await _assume(world, person, role)).code == code


@pytest.mark.parametrize(
    ("seconds", "bound"), [("899", "greater than or equal to 900"), ("43201", "less than or equal to 43200")]
)
async def test_a_length_that_no_role_may_have_is_refused_before_the_role_is_looked_at(
    world: QueryWorld, seconds: str, bound: str
) -> None:
    alice = await world.new_user("alice")
    gone = f"arn:aws:iam::{ACCOUNT}:role/gone"
    answer = await _assume(world, alice, gone, DurationSeconds=seconds)
    assert answer.code == "ValidationError"
    assert answer.message.endswith(f"Member must have value {bound}")
