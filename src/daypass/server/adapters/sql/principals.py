"""One principal with everything that decides about it, over many tables, in one statement.

Every row says in its first column which part it is. The parts share four columns: a name, a second name, a text and
a number; what they mean stands beside each part. Which parts there are depends on the kind of principal.
"""

from collections.abc import Mapping, Sequence

from daypass.server.adapters.sql.engine import Engine, Row
from daypass.server.adapters.sql.json_text import read_tags
from daypass.server.domain.session import PrincipalKind
from daypass.server.ports.principal_storage import InlineText, ManagedText, PrincipalRecord

__all__ = ["SqlPrincipalStore"]

_ACCOUNT, _SELF, _BOUNDARY, _MANAGED, _INLINE, _CONTROL, _ENDED = range(7)

# number: the account's revision
_OF_ACCOUNT = f"SELECT {_ACCOUNT}, '', '', CAST(NULL AS TEXT), revision FROM accounts WHERE account_id = $1"

# name, path, tags, epoch
_ROOT = f"""
SELECT {_SELF}, '', '/', '', root_credentials_epoch FROM accounts
WHERE account_id = $1 AND account_id = $2"""
_USER = f"""
SELECT {_SELF}, user_name, path, tags, credentials_epoch FROM users WHERE account_id = $1 AND user_id = $2"""
_ROLE = f"""
SELECT {_SELF}, role_name, path, tags, 0 FROM roles WHERE account_id = $1 AND role_id = $2"""

# A list and no join: a join SQLite would begin at either end, and one end is everything attached in the account.
_GROUPS = "SELECT group_id FROM group_members WHERE account_id = $1 AND user_id = $2"

# ARN, nothing, document or NULL
_USER_BOUNDARY = f"""
SELECT {_BOUNDARY}, permissions_boundary, '', policies.document, 0 FROM users
LEFT JOIN policies ON policies.policy_arn = permissions_boundary
WHERE users.account_id = $1 AND user_id = $2 AND permissions_boundary <> ''"""
_ROLE_BOUNDARY = f"""
SELECT {_BOUNDARY}, permissions_boundary, '', policies.document, 0 FROM roles
LEFT JOIN policies ON policies.policy_arn = permissions_boundary
WHERE roles.account_id = $1 AND role_id = $2 AND permissions_boundary <> ''"""
_ATTACHED = f"""
SELECT {_MANAGED}, attachment.policy_arn, '', policies.document, 0 FROM policy_attachments AS attachment
LEFT JOIN policies ON policies.policy_arn = attachment.policy_arn
WHERE attachment.account_id = $1 AND attachment.principal_id = $2"""
_ATTACHED_TO_GROUPS = f"""
SELECT {_MANAGED}, attachment.policy_arn, '', policies.document, 0 FROM policy_attachments AS attachment
LEFT JOIN policies ON policies.policy_arn = attachment.policy_arn
WHERE attachment.account_id = $1 AND attachment.principal_id IN ({_GROUPS})"""

# policy name, group name, document
_OWN_INLINE = f"""
SELECT {_INLINE}, policy_name, '', document, 0 FROM inline_policies
WHERE account_id = $1 AND principal_id = $2"""
_INLINE_OF_GROUPS = f"""
SELECT {_INLINE}, inline.policy_name, groups.group_name, inline.document, 0 FROM inline_policies AS inline
JOIN groups ON groups.account_id = inline.account_id AND groups.group_id = inline.principal_id
WHERE inline.account_id = $1 AND inline.principal_id IN ({_GROUPS})"""
_CONTROLS = f"""
SELECT {_CONTROL}, policy_name, '', document, 0 FROM service_control_policies WHERE account_id = $1"""

# session id. A role's logins stand under `AROA...:session`; a semicolon is what follows a colon.
_ENDED_LOGINS = f"""
SELECT {_ENDED}, session_id, '', '', 0 FROM login_sessions
WHERE account_id = $1 AND principal_id = $2 AND revoked_at IS NOT NULL AND revoked_at >= $3"""
_ENDED_LOGINS_OF_SESSIONS = f"""
SELECT {_ENDED}, session_id, '', '', 0 FROM login_sessions
WHERE account_id = $1 AND principal_id >= CAST($2 AS TEXT) || ':' AND principal_id < CAST($2 AS TEXT) || ';'
  AND revoked_at IS NOT NULL AND revoked_at >= $3"""

_PARTS: Mapping[PrincipalKind, Sequence[str]] = {
    "root": (_OF_ACCOUNT, _ROOT, _CONTROLS, _ENDED_LOGINS),
    "user": (
        _OF_ACCOUNT,
        _USER,
        _USER_BOUNDARY,
        _ATTACHED,
        _ATTACHED_TO_GROUPS,
        _OWN_INLINE,
        _INLINE_OF_GROUPS,
        _CONTROLS,
        _ENDED_LOGINS,
    ),
    "role": (
        _OF_ACCOUNT,
        _ROLE,
        _ROLE_BOUNDARY,
        _ATTACHED,
        _OWN_INLINE,
        _CONTROLS,
        _ENDED_LOGINS_OF_SESSIONS,
    ),
}
_LOAD = {kind: " UNION ALL ".join(parts) for kind, parts in _PARTS.items()}


class SqlPrincipalStore:
    """`ports.principal_storage.PrincipalStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def load_principal(
        self, account_id: str, kind: PrincipalKind, principal_id: str, *, revoked_since: int
    ) -> tuple[int, PrincipalRecord | None]:
        rows = await self._engine.fetch_all(_LOAD[kind], account_id, principal_id, revoked_since)
        parts: list[list[Row]] = [[] for _ in range(7)]
        for part, *values in rows:
            parts[part].append(values)
        revision = parts[_ACCOUNT][0][3] if parts[_ACCOUNT] else -1
        return revision, _record(parts) if parts[_SELF] else None


def _record(parts: Sequence[Sequence[Row]]) -> PrincipalRecord:
    name, path, tags, epoch = parts[_SELF][0]
    managed = {arn: ManagedText(arn, document) for arn, _, document, _ in parts[_MANAGED]}
    boundary = [ManagedText(arn, document) for arn, _, document, _ in parts[_BOUNDARY]]
    return PrincipalRecord(
        name=name,
        path=path,
        credentials_epoch=epoch,
        tags=read_tags(tags),
        boundary=boundary[0] if boundary else None,
        managed=tuple(managed[arn] for arn in sorted(managed)),
        inline=_in_order(parts[_INLINE]),
        service_control_policies=_in_order(parts[_CONTROL]),
        ended_login_ids=frozenset(row[0] for row in parts[_ENDED]),
    )


def _in_order(rows: Sequence[Row]) -> tuple[InlineText, ...]:
    texts = [InlineText(name, document, group_name) for name, group_name, document, _ in rows]
    return tuple(sorted(texts, key=lambda text: (text.group_name.lower(), text.policy_name.lower())))
