"""The IAM API (2010-05-08): one table from action to flow.

What an action means stands in `flows/iam/`, how its parameters are read in `iam_values.py`, what its
answer looks like in `iam_answers.py`; identity providers have rows of their own (`iam_providers.py`).
Members of AWS's model that no row names are refused, never dropped.
"""

from collections.abc import Mapping

from daypass.protocol.aws.query import IAM_NAMESPACE
from daypass.server.domain.key_ring import KeyRing
from daypass.server.domain.managed_policies import SHIPPED_POLICIES
from daypass.server.flows.iam.attachments import Attachments
from daypass.server.flows.iam.login_profiles import LoginProfiles
from daypass.server.flows.iam.policies import Policies
from daypass.server.flows.iam.roles import Roles
from daypass.server.flows.iam.users import Users
from daypass.server.ports.clock import Randomness
from daypass.server.ports.password_hasher import PasswordHasher
from daypass.server.ports.saml import SamlServiceProvider
from daypass.server.ports.storage import Storage
from daypass.server.web import iam_answers as answers
from daypass.server.web import iam_values as values
from daypass.server.web.iam_providers import build_provider_operations, build_tag_operations
from daypass.server.web.query_operation import Operation, changing

__all__ = ["IAM_NAMESPACE", "IAM_VERSION", "build_iam_operations"]

IAM_VERSION = "2010-05-08"

_USER = values.required(values.USER_NAME)
_USER_HOLDER = values.named(_USER, "name")
_ROLE_HOLDER = values.named(values.ROLE_NAME, "name")


def build_iam_operations(
    *,
    storage: Storage,
    ring: KeyRing,
    hasher: PasswordHasher,
    randomness: Randomness,
    saml: SamlServiceProvider,
) -> Mapping[str, Operation]:
    """Every IAM action served."""
    return {
        **_user_operations(storage=storage, ring=ring, hasher=hasher, randomness=randomness),
        **_policy_operations(storage=storage, ring=ring, randomness=randomness),
        **_role_operations(storage=storage, ring=ring, randomness=randomness),
        **build_provider_operations(storage=storage, ring=ring, randomness=randomness, saml=saml),
        **build_tag_operations(storage=storage, ring=ring),
    }


def _user_operations(
    *, storage: Storage, ring: KeyRing, hasher: PasswordHasher, randomness: Randomness
) -> Mapping[str, Operation]:
    """Users, their passwords, and what is attached to them."""
    users = Users(storage, ring, randomness)
    profiles = LoginProfiles(storage, hasher)
    attachments = Attachments("User", storage, ring, SHIPPED_POLICIES)
    user, arn = values.USER_NAME, values.POLICY_ARN
    password, reset = values.NEW_PASSWORD, values.PASSWORD_RESET_REQUIRED
    listed = answers.answer_attached_policies
    return {
        "CreateUser": changing(users.create_user, answers.answer_user, _USER, values.USER_PATH),
        "GetUser": Operation(users.get_user, answers.answer_user, (user,)),
        "ListUsers": Operation(users.list_users, answers.answer_users, values.PAGE),
        "DeleteUser": changing(users.delete_user, None, _USER),
        "CreateLoginProfile": changing(
            profiles.create_login_profile,
            answers.answer_login_profile,
            user,
            values.required(password),
            reset,
        ),
        "GetLoginProfile": Operation(profiles.get_login_profile, answers.answer_login_profile, (user,)),
        "UpdateLoginProfile": changing(profiles.update_login_profile, None, _USER, password, reset),
        "DeleteLoginProfile": changing(profiles.delete_login_profile, None, user),
        "ChangePassword": changing(profiles.change_password, None, *values.CHANGED_PASSWORDS),
        "AttachUserPolicy": changing(attachments.attach_policy, None, _USER_HOLDER, arn),
        "DetachUserPolicy": changing(attachments.detach_policy, None, _USER_HOLDER, arn),
        "ListAttachedUserPolicies": Operation(
            attachments.list_attached_policies, listed, (_USER_HOLDER, *values.PAGE)
        ),
    }


def _policy_operations(*, storage: Storage, ring: KeyRing, randomness: Randomness) -> Mapping[str, Operation]:
    """The account's own managed policies, and the shipped ones."""
    policies = Policies(storage, ring, randomness, SHIPPED_POLICIES)
    arn = values.POLICY_ARN
    return {
        "CreatePolicy": changing(policies.create_policy, answers.answer_policy, *values.POLICY),
        "GetPolicy": Operation(policies.get_policy, answers.answer_policy, (arn,)),
        "GetPolicyVersion": Operation(
            policies.get_policy_version, answers.answer_policy_version, (arn, values.POLICY_VERSION)
        ),
        "ListPolicies": Operation(
            policies.list_policies, answers.answer_policies, (*values.PAGE, *values.POLICY_FILTERS)
        ),
        "DeletePolicy": changing(policies.delete_policy, None, arn),
    }


def _role_operations(*, storage: Storage, ring: KeyRing, randomness: Randomness) -> Mapping[str, Operation]:
    """Roles, whom they trust, and what is attached to them."""
    roles = Roles(storage, ring, randomness)
    attachments = Attachments("Role", storage, ring, SHIPPED_POLICIES)
    role, arn = values.ROLE_NAME, values.POLICY_ARN
    listed = answers.answer_attached_policies
    return {
        "CreateRole": changing(roles.create_role, answers.answer_role, *values.ROLE),
        "GetRole": Operation(roles.get_role, answers.answer_role, (role,)),
        "ListRoles": Operation(roles.list_roles, answers.answer_roles, values.PAGE),
        "UpdateRole": changing(roles.update_role, answers.answer_nothing, *values.ROLE_UPDATE),
        "UpdateRoleDescription": changing(
            roles.update_role_description,
            answers.answer_role,
            role,
            values.required(values.ROLE_DESCRIPTION),
        ),
        "UpdateAssumeRolePolicy": changing(roles.update_trust_policy, None, role, values.TRUST_POLICY),
        "DeleteRole": changing(roles.delete_role, None, role),
        "AttachRolePolicy": changing(attachments.attach_policy, None, _ROLE_HOLDER, arn),
        "DetachRolePolicy": changing(attachments.detach_policy, None, _ROLE_HOLDER, arn),
        "ListAttachedRolePolicies": Operation(
            attachments.list_attached_policies, listed, (_ROLE_HOLDER, *values.PAGE)
        ),
    }
