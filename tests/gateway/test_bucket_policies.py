"""Bucket policies through the gateway: written and read by boto3, asked on every request, of every account."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.raw_s3 import RawS3

pytestmark = pytest.mark.processes

ACCOUNT, OTHER = "111122223333", "444455556666"
DENIED = ("AccessDenied", 403)
MALLORY, READER = f"arn:aws:iam::{OTHER}:user/mallory", f"arn:aws:iam::{ACCOUNT}:user/reader"
ROLE, SESSION = (
    f"arn:aws:iam::{ACCOUNT}:role/reading",
    f"arn:aws:sts::{ACCOUNT}:assumed-role/reading/terminal",
)


def _refusal(call: Any, **arguments: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    response = refused.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def _statement(
    bucket: str, effect: str, principal: object, *actions: str, **more: object
) -> dict[str, object]:
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    named = principal if principal == "*" else {"AWS": principal}
    return {"Effect": effect, "Principal": named, "Action": list(actions), "Resource": resources, **more}


def _put(site: Any, bucket: str, *statements: dict[str, object], who: str = "alice") -> str:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    site.client(who).put_bucket_policy(Bucket=bucket, Policy=text)
    return text


def _shared(site: Any, bucket: str, principal: object, *actions: str, **more: object) -> str:
    site.client("alice").put_object(Bucket=bucket, Key="k", Body=b"v")
    return _put(site, bucket, _statement(bucket, "Allow", principal, *actions, **more))


def test_a_policy_is_written_read_replaced_and_deleted(site: Any, bucket: str) -> None:
    alice = site.client("alice")
    assert _refusal(alice.get_bucket_policy, Bucket=bucket) == ("NoSuchBucketPolicy", 404)
    assert _refusal(alice.get_bucket_policy_status, Bucket=bucket) == ("NoSuchBucketPolicy", 404)
    text = _put(
        site, bucket, _statement(bucket, "Allow", OTHER, "s3:GetObject", Sid="a sentence, as S3 has them")
    )
    assert alice.get_bucket_policy(Bucket=bucket)["Policy"] == text
    assert alice.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"] == {"IsPublic": False}
    _put(site, bucket, _statement(bucket, "Allow", "*", "s3:GetObject"))
    assert alice.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"] == {"IsPublic": True}
    alice.delete_bucket_policy(Bucket=bucket)
    alice.delete_bucket_policy(Bucket=bucket)
    assert _refusal(alice.get_bucket_policy, Bucket=bucket) == ("NoSuchBucketPolicy", 404)
    recorded = site.audit_events("PutBucketPolicy")
    assert bucket in {event.detail.get("bucketName") for event in recorded}


def test_the_store_never_hears_of_it(site: Any, bucket: str) -> None:
    _put(site, bucket, _statement(bucket, "Allow", OTHER, "s3:GetObject"))
    assert _refusal(site.direct_client().get_bucket_policy, Bucket=bucket)[0] == "NoSuchBucketPolicy"


@pytest.mark.parametrize("named", [OTHER, f"arn:aws:iam::{OTHER}:root", MALLORY, "*"])
def test_another_account_is_let_in_at_once_and_shut_out_at_once(
    site: Any, bucket: str, named: object
) -> None:
    mallory = site.client("mallory")
    _shared(site, bucket, named, "s3:GetObject", "s3:ListBucket")
    assert mallory.get_object(Bucket=bucket, Key="k")["Body"].read() == b"v"
    assert mallory.list_objects_v2(Bucket=bucket)["KeyCount"] == 1
    assert _refusal(mallory.put_object, Bucket=bucket, Key="k", Body=b"") == DENIED
    assert _refusal(mallory.delete_objects, Bucket=bucket, Delete={"Objects": [{"Key": "k"}]}) == DENIED
    site.client("alice").delete_bucket_policy(Bucket=bucket)
    assert _refusal(mallory.get_object, Bucket=bucket, Key="k") == DENIED


def test_the_other_account_s_root_is_let_in_by_its_account_only(site: Any, bucket: str) -> None:
    root = site.client("other-root")
    _shared(site, bucket, MALLORY, "s3:GetObject")
    assert _refusal(root.get_object, Bucket=bucket, Key="k") == DENIED
    _shared(site, bucket, OTHER, "s3:GetObject")
    assert root.get_object(Bucket=bucket, Key="k")["Body"].read() == b"v"


def test_across_accounts_the_caller_s_own_policies_must_allow_too(
    site: Any, new_bucket_name: Callable[[], str]
) -> None:
    mallory, name = site.client("mallory"), new_bucket_name()
    mallory.create_bucket(Bucket=name)
    mallory.put_object(Bucket=name, Key="k", Body=b"v")
    _put(site, name, _statement(name, "Allow", "*", "s3:*"), who="mallory")
    assert site.client("reader").get_object(Bucket=name, Key="k")["Body"].read() == b"v"
    assert _refusal(site.client("reader").put_object, Bucket=name, Key="k", Body=b"") == DENIED
    assert _refusal(site.client("nobody").get_object, Bucket=name, Key="k") == DENIED
    assert _refusal(site.client("uploader").get_object, Bucket=name, Key="k") == DENIED


def test_another_account_s_denial_tells_nothing_but_itself(site: Any, bucket: str) -> None:
    _shared(site, bucket, OTHER, "s3:ListBucket")
    with pytest.raises(ClientError) as refused:
        site.client("mallory").get_object(Bucket=bucket, Key="k")
    assert refused.value.response["Error"]["Message"] == "Access Denied"


def test_a_denial_at_home_says_which_type_of_policy_it_was_and_can_be_decoded(site: Any, bucket: str) -> None:
    _put(site, bucket, _statement(bucket, "Deny", READER, "s3:GetObject"))
    with pytest.raises(ClientError) as refused:
        site.client("reader").get_object(Bucket=bucket, Key="k")
    words, _, encoded = refused.value.response["Error"]["Message"].partition(
        " Encoded authorization failure message: "
    )
    assert words.endswith("with an explicit deny in a resource-based policy")
    assert 0 < len(encoded) <= 1400


@pytest.mark.parametrize(
    "named, is_granted", [(ROLE, True), (SESSION, True), (ACCOUNT, False), (READER, False)]
)
def test_within_the_account_a_policy_grants_whom_it_names_by_arn(
    site: Any, bucket: str, named: str, is_granted: bool
) -> None:
    _shared(site, bucket, named, "s3:PutObject")
    role = site.client("role")
    if is_granted:
        role.put_object(Bucket=bucket, Key="by-role", Body=b"1")
    else:
        assert _refusal(role.put_object, Bucket=bucket, Key="by-role", Body=b"1") == DENIED


def test_a_deny_of_the_bucket_s_policy_wins_over_everything(site: Any, bucket: str) -> None:
    _shared(site, bucket, "*", "s3:*")
    _put(
        site,
        bucket,
        _statement(bucket, "Allow", "*", "s3:*"),
        _statement(bucket, "Deny", "*", "s3:GetObject"),
    )
    for who in ("alice", "root", "mallory", "role"):
        assert _refusal(site.client(who).get_object, Bucket=bucket, Key="k") == DENIED


def test_root_can_always_take_a_policy_away_from_its_own_bucket(site: Any, bucket: str) -> None:
    _put(site, bucket, _statement(bucket, "Deny", "*", "s3:*"))
    for call in ("get_bucket_policy", "delete_bucket_policy", "list_objects_v2"):
        assert _refusal(getattr(site.client("alice"), call), Bucket=bucket) == DENIED
    root = site.client("root")
    assert _refusal(root.list_objects_v2, Bucket=bucket) == DENIED
    assert "Deny" in root.get_bucket_policy(Bucket=bucket)["Policy"]
    _put(site, bucket, _statement(bucket, "Deny", "*", "s3:*"), who="root")
    root.delete_bucket_policy(Bucket=bucket)
    assert root.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_the_rules_of_a_bucket_are_its_account_s_whatever_they_say(site: Any, bucket: str) -> None:
    text = _shared(site, bucket, OTHER, "s3:*")
    for who in ("mallory", "other-root"):
        s3 = site.client(who)
        for call, more in (
            (s3.get_bucket_policy, {}),
            (s3.get_bucket_policy_status, {}),
            (s3.put_bucket_policy, {"Policy": text}),
            (s3.delete_bucket_policy, {}),
        ):
            assert _refusal(call, Bucket=bucket, **more) == ("MethodNotAllowed", 405)
    assert site.client("alice").get_bucket_policy(Bucket=bucket)["Policy"] == text


def test_a_policy_needs_its_permission(site: Any, bucket: str) -> None:
    reader = site.client("reader")
    assert _refusal(reader.put_bucket_policy, Bucket=bucket, Policy="{}") == DENIED
    assert _refusal(reader.delete_bucket_policy, Bucket=bucket) == DENIED


def test_conditions_of_a_bucket_s_policy_see_the_request(site: Any, bucket: str) -> None:
    mallory = site.client("mallory")
    elsewhere = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    _shared(site, bucket, OTHER, "s3:GetObject", Condition=elsewhere)
    assert _refusal(mallory.get_object, Bucket=bucket, Key="k") == DENIED
    owner = {"StringEquals": {"aws:ResourceAccount": ACCOUNT, "aws:PrincipalAccount": OTHER}}
    _shared(site, bucket, OTHER, "s3:GetObject", Condition=owner)
    assert mallory.get_object(Bucket=bucket, Key="k")["Body"].read() == b"v"


def test_a_request_without_a_signature_is_refused_whatever_the_policy_says(site: Any, bucket: str) -> None:
    _shared(site, bucket, "*", "s3:*")
    raw = RawS3(site.gateway.port, site.credentials("alice"))
    answer = raw.send("GET", f"/{bucket}/k", [("Host", raw.host)], b"")
    assert (answer.status, answer.code) == (403, "AccessDenied")


def test_a_copy_crosses_accounts_when_both_buckets_let_it(
    site: Any, bucket: str, new_bucket_name: Callable[[], str]
) -> None:
    _shared(site, bucket, OTHER, "s3:GetObject")
    mallory, own = site.client("mallory"), new_bucket_name()
    mallory.create_bucket(Bucket=own)
    source = {"Bucket": bucket, "Key": "k"}
    mallory.copy_object(Bucket=own, Key="copy", CopySource=source, ExpectedSourceBucketOwner=ACCOUNT)
    assert mallory.get_object(Bucket=own, Key="copy")["Body"].read() == b"v"
    wrong = {"Bucket": own, "Key": "copy", "CopySource": source}
    assert _refusal(mallory.copy_object, ExpectedSourceBucketOwner=OTHER, **wrong) == DENIED
    assert _refusal(mallory.copy_object, ExpectedBucketOwner=ACCOUNT, **wrong) == DENIED
    assert _refusal(mallory.get_object, Bucket=bucket, Key="k", ExpectedBucketOwner=OTHER) == DENIED


def test_a_bucket_deleted_by_another_account_is_its_owner_s_no_more(site: Any, bucket: str) -> None:
    _put(site, bucket, _statement(bucket, "Allow", OTHER, "s3:DeleteBucket"))
    site.client("mallory").delete_bucket(Bucket=bucket)
    listed = [each["Name"] for each in site.client("alice").list_buckets()["Buckets"]]
    assert bucket not in listed
    site.client("mallory").create_bucket(Bucket=bucket)
    assert _refusal(site.client("mallory").get_bucket_policy, Bucket=bucket) == ("NoSuchBucketPolicy", 404)
    site.client("mallory").delete_bucket(Bucket=bucket)


@pytest.mark.parametrize(
    "change",
    [
        {"Resource": "arn:aws:s3:::another-bucket/*"},
        {"Resource": "*"},
        {"Resource": ["arn:aws:s3:::{0}/*", "arn:aws:s3:::{0}-too/*"]},
        {"Action": "sqs:SendMessage"},
        {"Principal": {"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}},
        {"Principal": {"AWS": "arn:aws:iam::444455556666:user/*"}},
        {"Effect": "Permit"},
        {"Condition": {"StringMatches": {"aws:username": "x"}}},
    ],
)
def test_a_policy_that_speaks_of_something_else_is_refused_whole(
    site: Any, bucket: str, change: dict[str, object]
) -> None:
    statement = {**_statement(bucket, "Allow", OTHER, "s3:GetObject"), **change}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]}).replace("{0}", bucket)
    alice = site.client("alice")
    assert _refusal(alice.put_bucket_policy, Bucket=bucket, Policy=text) == ("MalformedPolicy", 400)
    assert _refusal(alice.get_bucket_policy, Bucket=bucket) == ("NoSuchBucketPolicy", 404)


def test_a_policy_longer_than_twenty_kilobytes_is_refused_unread(site: Any, bucket: str) -> None:
    alice = site.client("alice")
    assert _refusal(alice.put_bucket_policy, Bucket=bucket, Policy=" " * 20_481)[0] == "EntityTooLarge"
