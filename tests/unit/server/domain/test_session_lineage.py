"""What a role session inherits: whose it is, and the login it hangs on."""

from dataclasses import replace

import msgspec

from daypass.server.domain.caller_credentials import ancestors_of
from daypass.server.domain.role_owner import UNBOUND, ParentLogin, RoleOwner, federated_owner
from daypass.server.domain.role_session import FederatedIdentity, RoleSession, identity_owner, owner_key
from daypass.server.domain.session_lineage import bound_owner, owner_of, parent_login_of, taken_owner
from daypass.server.domain.tokens import SessionClaims
from support.storage_records import make_sign_in_session

ACCOUNT = "111122223333"
USER = SessionClaims("ASIA", ACCOUNT, "user", f"arn:aws:iam::{ACCOUNT}:user/ada", "AIDAADA", 1, 2)
ROLE = SessionClaims(
    "ASIA", ACCOUNT, "role", f"arn:aws:sts::{ACCOUNT}:assumed-role/r/ada", "AROAR:ada", 1, 2, "login-1"
)
PROVIDER = f"arn:aws:iam::{ACCOUNT}:saml-provider/Corp"


def test_a_role_is_its_users_and_a_role_behind_it_still_is() -> None:
    owner = owner_of(USER)
    assert owner == RoleOwner(ACCOUNT, "AIDAADA", UNBOUND)
    assert owner_of(msgspec.structs.replace(ROLE, owner=owner)) == owner
    assert owner_of(ROLE) is None, "from before owners were kept"


def test_the_nearest_login_is_the_one_that_counts() -> None:
    assert parent_login_of(USER) is None
    parent = parent_login_of(ROLE)
    assert parent == ParentLogin("login-1", ACCOUNT, "role", "AROAR"), "the role's id, without the session"
    chained = msgspec.structs.replace(ROLE, login_session_id="", parent_login=parent)
    assert parent_login_of(chained) == parent


def test_only_what_was_taken_in_the_pages_is_bound() -> None:
    base = make_sign_in_session("ada", credentials_epoch=7)
    owner = taken_owner(base)
    assert owner == RoleOwner(base.account_id, base.principal_id, 7)
    role = replace(base, principal_kind="role", role_session=RoleSession("r", owner=owner))
    assert taken_owner(role) == owner
    assert bound_owner(role.role_session) == owner
    assert taken_owner(replace(role, role_session=None)) is None
    assert bound_owner(None) is None
    assert bound_owner(RoleSession("r", owner=owner_of(USER))) is None


def test_ancestors_are_asked_for_only_where_there_are_any() -> None:
    bound = RoleOwner(ACCOUNT, "AIDAADA", 7)
    assert ancestors_of(USER) == ()
    assert ancestors_of(msgspec.structs.replace(ROLE, owner=owner_of(USER))) == ()
    both = msgspec.structs.replace(ROLE, owner=bound, parent_login=parent_login_of(ROLE))
    assert ancestors_of(both) == ((ACCOUNT, "role", "AROAR"), (ACCOUNT, "user", "AIDAADA"))
    same = msgspec.structs.replace(
        ROLE, owner=bound, parent_login=ParentLogin("l", ACCOUNT, "user", "AIDAADA")
    )
    assert ancestors_of(same) == ((ACCOUNT, "user", "AIDAADA"),)


def test_a_federated_person_is_the_subject_and_for_a_passing_one_the_source_identity() -> None:
    def owner(subject: str, subject_type: str = "persistent", source: str = "") -> RoleOwner:
        identity = FederatedIdentity(PROVIDER, "https://idp", subject, subject_type)
        return identity_owner(identity, source_identity=source)

    assert owner("ada") == owner("ada", source="whatever")
    assert owner("ada") != owner("eve")
    assert owner("x1", "transient", "ada") == owner("x2", "transient", "ada")
    assert owner("x1", "transient") != owner("x2", "transient")
    assert owner("source identity|ada") != owner("x", "transient", "ada"), "no subject passes for the other"
    other = FederatedIdentity(PROVIDER.replace("Corp", "Other"), "https://idp", "ada", "persistent")
    assert identity_owner(other) != owner("ada")
    assert owner("ada").account_id == ACCOUNT
    assert not owner("ada").is_bound


def test_a_row_without_an_owner_is_known_by_its_identity() -> None:
    identity = FederatedIdentity(PROVIDER, "https://idp", "ada", "persistent")
    assert owner_key(RoleSession("r", identity=identity)) == identity_owner(identity).key
    assert federated_owner(ACCOUNT, PROVIDER, "x").key.startswith(f"{ACCOUNT}|")
