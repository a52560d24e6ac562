"""Check 10: are the credentials accepted, as whom, and which permissions a sign-in needs.

Live credentials are shown to STS, which tells their owner without changing anything. Whether a renewal would be
allowed can only be seen by renewing, which this command does not do; so the two actions are named instead
(Service Authorization Reference, "AWS Signin").
"""

from collections.abc import Iterator

from daypass.client.doctor.finding import Finding, printable
from daypass.client.doctor.subject import Subject
from daypass.client.narrow_profile import arn_of_session
from daypass.errors import NetworkError

__all__ = ["check_permission"]

_ATTACH = (
    "aws iam attach-user-policy --user-name USER"
    " --policy-arn arn:aws:iam::aws:policy/SignInLocalDevelopmentAccess"
)
_NEEDED = (
    "signing in needs signin:AuthorizeOAuth2Access, renewing signin:CreateOAuth2Token;"
    " the policy SignInLocalDevelopmentAccess allows both, and root needs neither"
)


def check_permission(subject: Subject) -> Iterator[Finding]:
    """The identity, and for who has none or is refused, the permissions."""
    look = subject.looks.identity
    if look is None:
        yield Finding("permissions", "note", _NEEDED, _ATTACH)
        return
    answer = look.result()
    if answer is None or isinstance(answer, NetworkError):
        yield Finding("identity_unknown", "note", "STS did not say whose the credentials are")
    elif isinstance(answer, str):
        yield from _judge_identity(subject, answer)
    else:
        told = f"STS refuses the saved credentials: {printable(answer.message)}"
        yield Finding("credentials_refused", "error", told, subject.login_command)
        yield Finding("permissions", "note", _NEEDED, _ATTACH)


def _judge_identity(subject: Subject, arn: str) -> Iterator[Finding]:
    if arn == arn_of_session(subject.login_session or ""):
        yield Finding("identity", "ok", f"the credentials are accepted as {printable(arn, 2048)}")
    else:
        yield Finding(
            "identity_differs",
            "error",
            f"the credentials are those of {printable(arn, 2048)}, not of the profile's {subject.login_session}",
            f"{subject.sign_in_command} --switch",
        )
