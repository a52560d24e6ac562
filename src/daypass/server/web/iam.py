"""The IAM API (2010-05-08): one table from action to flow.

What an action means stands in `flows/iam/`. Parameters and answers are the service model's (`query_model.py`); members of
the model that no row understands are refused, never dropped.
"""

from collections.abc import Mapping

from daypass.protocol.aws.query import IAM_NAMESPACE
from daypass.server.domain.key_ring import KeyRing
from daypass.server.ports.clock import Randomness
from daypass.server.ports.password_hasher import PasswordHasher
from daypass.server.ports.password_judge import PasswordJudge
from daypass.server.ports.saml import SamlServiceProvider
from daypass.server.ports.storage import Storage
from daypass.server.web.iam_account import build_account_operations
from daypass.server.web.iam_identities import build_identity_operations
from daypass.server.web.iam_parts import IamParts
from daypass.server.web.iam_policies import build_policy_operations
from daypass.server.web.iam_providers import build_provider_operations
from daypass.server.web.iam_reports import build_report_operations
from daypass.server.web.query_operation import Operation

__all__ = ["IAM_NAMESPACE", "IAM_VERSION", "build_iam_operations"]

IAM_VERSION = "2010-05-08"


def build_iam_operations(
    *,
    storage: Storage,
    ring: KeyRing,
    hasher: PasswordHasher,
    randomness: Randomness,
    saml: SamlServiceProvider,
    judge: PasswordJudge | None = None,
    issuer: str = "",
) -> Mapping[str, Operation]:
    """Every IAM action served."""
    parts = IamParts(storage, ring, hasher, randomness, saml, judge, issuer)
    return {
        **build_identity_operations(parts),
        **build_policy_operations(parts),
        **build_account_operations(parts),
        **build_report_operations(parts),
        **build_provider_operations(parts),
    }
