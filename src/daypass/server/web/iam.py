"""The IAM API (2010-05-08): one table from action to flow.

What an action means stands in `flows/iam/`, how its parameters are read in `iam_values.py`, what its
answer looks like in `iam_answers.py`. Members of AWS's model that no row names are refused, never dropped.
"""

from collections.abc import Callable, Mapping
from typing import Any

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
from daypass.server.ports.storage import Storage
from daypass.server.web import iam_answers as answers
from daypass.server.web import iam_values as values
from daypass.server.web.query_operation import Operation, Parameter

__all__ = ["IAM_NAMESPACE", "IAM_VERSION", "build_iam_operations"]

IAM_VERSION = "2010-05-08"

_USER = values.required(values.USER_NAME)
_USER_HOLDER = values.named(_USER, "name")
_ROLE_HOLDER = values.named(values.ROLE_NAME, "name")


def build_iam_operations(
    *, storage: Storage, ring: KeyRing, hasher: PasswordHasher, randomness: Randomness
) -> Mapping[str, Operation]:
    """Every IAM action served."""
    users = Users(storage, ring, randomness)
    profiles = LoginProfiles(storage, hasher)
    policies = Policies(storage, ring, randomness, SHIPPED_POLICIES)
    roles = Roles(storage, ring, randomness)
    of_user = Attachments("User", storage, ring, SHIPPED_POLICIES)
    of_role = Attachments("Role", storage, ring, SHIPPED_POLICIES)
    user, role, arn = values.USER_NAME, values.ROLE_NAME, values.POLICY_ARN
    password, reset = values.NEW_PASSWORD, values.PASSWORD_RESET_REQUIRED
    listed = answers.answer_attached_policies
    return {
        "CreateUser": _change(users.create_user, answers.answer_user, _USER, values.USER_PATH),
        "GetUser": Operation(users.get_user, answers.answer_user, (user,)),
        "ListUsers": Operation(users.list_users, answers.answer_users, values.PAGE),
        "DeleteUser": _change(users.delete_user, None, _USER),
        "CreateLoginProfile": _change(
            profiles.create_login_profile,
            answers.answer_login_profile,
            user,
            values.required(password),
            reset,
        ),
        "GetLoginProfile": Operation(profiles.get_login_profile, answers.answer_login_profile, (user,)),
        "UpdateLoginProfile": _change(profiles.update_login_profile, None, _USER, password, reset),
        "DeleteLoginProfile": _change(profiles.delete_login_profile, None, user),
        "ChangePassword": _change(profiles.change_password, None, *values.CHANGED_PASSWORDS),
        "CreatePolicy": _change(policies.create_policy, answers.answer_policy, *values.POLICY),
        "GetPolicy": Operation(policies.get_policy, answers.answer_policy, (arn,)),
        "GetPolicyVersion": Operation(
            policies.get_policy_version, answers.answer_policy_version, (arn, values.POLICY_VERSION)
        ),
        "ListPolicies": Operation(
            policies.list_policies, answers.answer_policies, (*values.PAGE, *values.POLICY_FILTERS)
        ),
        "DeletePolicy": _change(policies.delete_policy, None, arn),
        "CreateRole": _change(roles.create_role, answers.answer_role, *values.ROLE),
        "GetRole": Operation(roles.get_role, answers.answer_role, (role,)),
        "ListRoles": Operation(roles.list_roles, answers.answer_roles, values.PAGE),
        "DeleteRole": _change(roles.delete_role, None, role),
        "AttachUserPolicy": _change(of_user.attach_policy, None, _USER_HOLDER, arn),
        "DetachUserPolicy": _change(of_user.detach_policy, None, _USER_HOLDER, arn),
        "ListAttachedUserPolicies": Operation(
            of_user.list_attached_policies, listed, (_USER_HOLDER, *values.PAGE)
        ),
        "AttachRolePolicy": _change(of_role.attach_policy, None, _ROLE_HOLDER, arn),
        "DetachRolePolicy": _change(of_role.detach_policy, None, _ROLE_HOLDER, arn),
        "ListAttachedRolePolicies": Operation(
            of_role.list_attached_policies, listed, (_ROLE_HOLDER, *values.PAGE)
        ),
    }


def _change(
    run: Callable[..., Any], answer: Callable[[Any], answers.Members] | None, *parameters: Parameter
) -> Operation:
    """A row whose success is audited."""
    return Operation(run, answer, parameters, is_audited=True, changes_account=True)
