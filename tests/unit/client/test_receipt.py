"""What a receipt says, and that its two forms say the same."""

from dataclasses import replace

from daypass.client.receipt import Receipt

NARROWED = Receipt(
    profile="agent",
    account="111122223333",
    identity="arn:aws:iam::111122223333:user/dev",
    confirmed_at=1_767_226_500,
    confirmed_by="https://signin.example.com",
    narrowed_from="dev",
    login_profile="",
    scope_name="agent",
    policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",),
    policy_sha256="ab" * 32,
    session_ends_at=1_767_230_100,
    session_key="k" * 43,
    server="https://signin.example.com",
)


def test_a_narrowed_login_s_block() -> None:
    assert NARROWED.text().splitlines() == [
        "identity receipt",
        "  account    111122223333",
        "  identity   arn:aws:iam::111122223333:user/dev",
        "  confirmed  2026-01-01T00:15:00Z by STS at https://signin.example.com",
        "  profile    agent, narrowed from dev",
        "  scope      agent, less than the identity may do",
        "  policy     arn:aws:iam::aws:policy/ReadOnlyAccess",
        f"  policy     inline, sha256 {'ab' * 32}",
        "  until      2026-01-01T01:15:00Z",
        f"  session    key {'k' * 43}",
        "  server     https://signin.example.com",
    ]


def test_every_value_of_the_object_stands_in_the_block() -> None:
    members = NARROWED.members()
    scope = members.pop("scope")
    assert isinstance(scope, dict)
    values = [*members.values(), scope["name"], scope["policy_sha256"], *scope["policy_arns"]]
    for value in values:
        assert value is None or str(value) in NARROWED.text()


def test_what_nothing_narrows_says_so() -> None:
    plain = replace(
        NARROWED, narrowed_from="", scope_name="", policy_arns=(), policy_sha256="", session_ends_at=None
    )
    assert plain.members()["scope"] is None
    assert "  scope      all that the identity may do" in plain.text().splitlines()
    assert "  until      unknown" in plain.text().splitlines()
    unconfirmed = replace(plain, confirmed_at=None, confirmed_by="")
    assert "  confirmed  no" in unconfirmed.text().splitlines()
    assert unconfirmed.members()["confirmed_by"] is None


def test_a_role_names_the_login_beneath_it() -> None:
    role = replace(NARROWED, narrowed_from="", login_profile="dev", profile="deploy")
    assert "  profile    deploy, a role over dev" in role.text().splitlines()
