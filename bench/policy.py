"""Decisions of the policy engine per second, on one core, for a principal with 20 policies.

The policies are what a platform team writes: reading and writing by prefix, a home folder by variable, tags on both
sides, working hours, office addresses, deny unless TLS, deny without a second factor, services nobody asks for.
Questions are drawn beforehand from a fixed seed: 24 actions, thousands of objects, a user's, a role's and a long-term
key's condition values. Nothing is settled: every set of policies looks at a value on the way. Three rows of ours:

    identity policies only        `policy.evaluation.evaluate`
    all four layers and a bucket's policy   `policy.layers.decide`
    from the request              `domain.principal.authorize`, which also builds the condition values

The peer reads the same documents: moto's `IAMPolicy`, asked policy by policy until one denies. It knows fewer
condition operators, so it is given the policies without their conditions: less work than ours.
"""

import json
import os
import random
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult

from daypass.policy.decision import Effect
from daypass.policy.document import PolicyDocument, parse_policy
from daypass.policy.evaluation import evaluate
from daypass.policy.layers import Layers, ResourcePolicy, decide
from daypass.policy.principals import Caller as PolicyCaller
from daypass.policy.request_context import ConditionValue, RequestContext
from daypass.server.domain.audit import Caller
from daypass.server.domain.principal import PrincipalSnapshot, authorize

__all__ = ["measure"]

QUESTIONS = 20_000
PEER_QUESTIONS = 1_000
ROUNDS = 5
ACCOUNT = "111122223333"
USER = f"arn:aws:iam::{ACCOUNT}:user/platform/ada"
_TEAMS = ("red", "blue", "green", "data", "web", "ops")
_ACTIONS = (
    *(
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:ListBucket",
        "s3:GetObjectTagging",
        "s3:PutObjectAcl",
    ),
    *("s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:GetBucketLocation", "s3:CreateBucket"),
    *(
        "iam:GetUser",
        "iam:ListUsers",
        "iam:CreateAccessKey",
        "iam:ChangePassword",
        "iam:PassRole",
        "iam:CreateRole",
    ),
    *("sts:AssumeRole", "sts:GetSessionToken", "sts:TagSession", "signin:CreateOAuth2Token"),
    *("signin:AuthorizeOAuth2Access", "kms:Decrypt", "sqs:SendMessage"),
)


def _statement(
    effect: str, actions: object, resources: object, **conditions: dict[str, object]
) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": effect, "Action": actions, "Resource": resources}
    if conditions:
        statement["Condition"] = {name.replace("__", ":"): tests for name, tests in conditions.items()}
    return statement


def _documents() -> list[list[dict[str, Any]]]:
    """The statements of each of the 20."""
    prefixes = [
        [
            _statement("Allow", ["s3:GetObject", "s3:GetObjectTagging"], f"arn:aws:s3:::{team}-data/*"),
            _statement("Allow", "s3:PutObject", f"arn:aws:s3:::{team}-data/incoming/*",
                       StringEquals={"aws:PrincipalTag/team": team}),
        ]
        for team in _TEAMS
    ]  # fmt: skip
    return [
        *prefixes,
        [_statement("Allow", "s3:ListBucket", "arn:aws:s3:::*", StringLike={"s3:prefix": ["home/${aws:username}/*", "public/*"]})],
        [_statement("Allow", "s3:*Object", "arn:aws:s3:::homes/${aws:username}/*")],
        [_statement("Deny", "s3:*", "*", Bool={"aws:SecureTransport": "false"})],
        [_statement("Deny", ["s3:DeleteObject", "s3:PutObjectAcl"], "arn:aws:s3:::*-data/*", BoolIfExists={"aws:MultiFactorAuthPresent": "false"})],
        [_statement("Deny", "s3:*", ["arn:aws:s3:::payroll", "arn:aws:s3:::payroll/*"], NotIpAddress={"aws:SourceIp": ["10.0.0.0/8", "192.0.2.0/24"]})],
        [_statement("Allow", "s3:*", "arn:aws:s3:::shared/*", DateGreaterThan={"aws:CurrentTime": "2026-01-01T00:00:00Z"})],
        [_statement("Allow", ["iam:Get*", "iam:List*"], "*"), _statement("Allow", "iam:ChangePassword", f"arn:aws:iam::{ACCOUNT}:user/*/${{aws:username}}")],
        [_statement("Allow", "iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/platform/*", NumericLessThan={"aws:MultiFactorAuthAge": "3600"})],
        [_statement("Allow", "iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/app-*", StringEquals={"iam:PassedToService": "ec2.amazonaws.com"})],
        [_statement("Allow", ["sts:AssumeRole", "sts:TagSession"], f"arn:aws:iam::{ACCOUNT}:role/app-*", ForAllValues__StringLike={"aws:TagKeys": ["team", "cost-*"]})],
        [_statement("Allow", ["signin:CreateOAuth2Token", "signin:AuthorizeOAuth2Access"], f"arn:aws:signin:*:{ACCOUNT}:oauth2/public-client/*")],
        [_statement("Allow", "kms:Decrypt", f"arn:aws:kms:*:{ACCOUNT}:key/*", ArnLike={"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/platform/*"})],
        [_statement("Allow", ["ec2:Describe*", "logs:*", "cloudwatch:Get*"], "*")],
        [_statement("Deny", "*", "*", DateLessThan={"aws:TokenIssueTime": "2025-06-01T00:00:00Z"})],
    ]  # fmt: skip


def _text(statements: Sequence[dict[str, Any]], **change: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{**each, **change} for each in statements]})


def _resource(dice: random.Random, action: str) -> str:
    service = action.partition(":")[0]
    name = f"{dice.choice(('report', 'image', 'dump'))}-{dice.randrange(10_000)}"
    match service:
        case "s3" if action in ("s3:ListBucket", "s3:GetBucketLocation", "s3:CreateBucket"):
            return f"arn:aws:s3:::{dice.choice(_TEAMS)}-data"
        case "s3":
            bucket = dice.choice((*(f"{team}-data" for team in _TEAMS), "homes", "shared", "payroll"))
            folder = dice.choice(("incoming", "ada", "eve", "2026/11"))
            return f"arn:aws:s3:::{bucket}/{folder}/{name}"
        case "signin":
            return f"arn:aws:signin:us-east-1:{ACCOUNT}:oauth2/public-client/localhost"
        case "kms" | "sqs":
            return f"arn:aws:{service}:us-east-1:{ACCOUNT}:key/{name}"
        case _:
            return f"arn:aws:iam::{ACCOUNT}:{dice.choice(('user/platform/ada', 'role/app-7', 'role/admin'))}"


def _values(dice: random.Random) -> dict[str, ConditionValue]:
    values: dict[str, ConditionValue] = {
        "aws:SourceIp": dice.choice(("10.1.2.3", "192.0.2.77", "203.0.113.9", "2001:db8::1")),
        "aws:UserAgent": "aws-cli/2.31 md/Botocore#1.44",
        "aws:SecureTransport": dice.choice(("true", "true", "true", "false")),
        "aws:CurrentTime": f"2026-11-24T10:{dice.randrange(60):02}:00Z",
        "aws:EpochTime": "1795000000",
        "aws:RequestedRegion": "us-east-1",
        "aws:PrincipalArn": USER,
        "aws:PrincipalAccount": ACCOUNT,
        "aws:PrincipalType": "User",
        "aws:userid": "AIDAEXAMPLEEXAMPLE123",
        "aws:username": "ada",
        "aws:PrincipalTag/team": dice.choice(_TEAMS),
    }
    if dice.random() < 0.7:
        values["aws:TokenIssueTime"] = "2026-11-24T09:00:00Z"
        values["aws:MultiFactorAuthPresent"] = dice.choice(("true", "false"))
    if dice.random() < 0.3:
        values["s3:prefix"] = dice.choice(("home/ada/", "public/x", "other/"))
    return values


def _rate(ask: Callable[[RequestContext], object], questions: Sequence[RequestContext]) -> float:
    """Decisions per second of CPU time: neighbours share the machine."""
    before = time.process_time()
    for question in questions:
        ask(question)
    return len(questions) / (time.process_time() - before)


def _bucket_policy(owner: str) -> ResourcePolicy:
    statement = _statement("Allow", "s3:GetObject", "arn:aws:s3:::shared/*")
    text = _text([statement], Principal={"AWS": [f"{USER}s", "444455556666"]})
    return ResourcePolicy(
        parse_policy(text, name="bucket", kind="resource"), PolicyCaller(USER, ACCOUNT), owner
    )


def _askers(policies: tuple[PolicyDocument, ...]) -> dict[str, Callable[[RequestContext], object]]:
    ceiling = parse_policy(_text([_statement("Allow", "*", "*"), _statement("Deny", "s3:*", "*", StringNotEquals={"aws:RequestedRegion": ["us-east-1", "eu-west-1"]})]), name="ceiling")  # fmt: skip
    boundary = parse_policy(_text([_statement("Allow", ["s3:*", "iam:Get*", "sts:*", "signin:*"], "*")]), name="boundary")  # fmt: skip
    session = parse_policy(_text([_statement("Allow", "s3:Get*", "*")]), name="session")
    layers = Layers(policies, boundary, (session,), (ceiling,))
    bucket_policy = _bucket_policy(ACCOUNT)
    snapshot = PrincipalSnapshot(ACCOUNT, "user", "AIDAEXAMPLEEXAMPLE123", USER, "ada", 0, 1, policies)
    caller = Caller("id", "10.1.2.3", "aws-cli/2.31", is_secure=True)

    def ask_authorize(question: RequestContext) -> object:
        return authorize(
            snapshot,
            action=question.action,
            resource=question.resource,
            caller=caller,
            now=1_795_000_000,
            region="us-east-1",
            condition_values=question.condition_values,
        )

    return {
        "identity policies only, decisions per second": lambda question: evaluate(policies, question),
        "four layers and a bucket's policy, decisions per second": lambda question: decide(layers, question, bucket_policy),
        "from the request, decisions per second": ask_authorize,
    }  # fmt: skip


def _ask_peer(policies: Sequence[IAMPolicy]) -> Callable[[RequestContext], object]:
    def ask(question: RequestContext) -> object:
        permitted = False
        for policy in policies:
            answer = policy.is_action_permitted(question.action, question.resource)
            if answer is PermissionResult.DENIED:
                return False
            permitted = permitted or answer is PermissionResult.PERMITTED
        return permitted

    return ask


def measure() -> dict[str, object]:
    """Ours in three forms, the peer, and how the questions fell."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    documents = _documents()
    policies = tuple(parse_policy(_text(each), name=f"policy {at}") for at, each in enumerate(documents))
    assert len(policies) == 20
    dice = random.Random(2012_10_17)  # a benchmark wants the same questions every time
    questions = []
    for _ in range(QUESTIONS):
        action = dice.choice(_ACTIONS)
        questions.append(RequestContext(action, _resource(dice, action), _values(dice)))
    effects = [evaluate(policies, question).effect for question in questions]
    found: dict[str, object] = {
        label: round(statistics.median(_rate(ask, questions) for _ in range(ROUNDS)))
        for label, ask in _askers(policies).items()
    }
    bare = [IAMPolicy(_text([{**each, "Condition": {}} for each in statements])) for statements in documents]
    peer = _ask_peer(bare)
    found["moto's IAMPolicy without conditions, decisions per second"] = round(
        statistics.median(_rate(peer, questions[:PEER_QUESTIONS]) for _ in range(3))
    )
    for effect in Effect:
        found[f"share of {effect.value}"] = f"{effects.count(effect) / len(effects):.0%}"
    return found
