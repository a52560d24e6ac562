"""Check 4: where the profile signs in, where it works, and whether all programs read the same."""

from collections.abc import Iterator
from shlex import quote

from daypass.client.doctor.finding import Finding, printable
from daypass.client.doctor.subject import Subject
from daypass.errors import ConfigError
from daypass.protocol.aws.endpoints import partition_of_region

__all__ = ["check_regions"]


def check_regions(subject: Subject) -> Iterator[Finding]:
    """The region is missing, no region, read differently by programs, or in another partition than the sign-in."""
    set_region = f"aws configure set region us-east-1 --profile {quote(subject.profile.name)}"
    first, second = (subject.environ.get(name) for name in ("AWS_REGION", "AWS_DEFAULT_REGION"))
    if first and second and first != second:
        yield Finding(
            "region_variables",
            "warning",
            f"AWS_REGION says {printable(first)} and AWS_DEFAULT_REGION says {printable(second)}; Python programs read the second, others the first",
            "unset AWS_DEFAULT_REGION",
        )
    working = subject.region
    if not working:
        yield Finding("region_missing", "warning", "no region is set; most programs need one", set_region)
        return
    try:
        partition, home = partition_of_region(working), partition_of_region(subject.sign_in_region)
    except ConfigError:
        yield Finding("region_invalid", "error", "the region that is set is not a region's name", set_region)
        return
    of_profile = subject.profile.text("region")
    if of_profile and working != of_profile:
        yield Finding(
            "region_from_environment",
            "note",
            f"the environment says {working}, the profile says {printable(of_profile)}; the environment is used",
        )
    if subject.profile.endpoint("signin", subject.environ):
        yield Finding("region", "ok", f"works in {working}; the sign-in has an address of its own")
    elif partition != home:
        yield Finding(
            "region_partition",
            "error",
            f"signed in at {subject.sign_in_region} ({home.name}), but works in {working} ({partition.name}); credentials are valid in one of them only",
            f"{subject.sign_in_command} --region {working}",
        )
    elif subject.entry is not None and working != subject.sign_in_region:
        yield Finding(
            "region_elsewhere",
            "note",
            f"signed in at {subject.sign_in_region}, works in {working}; programs that do not read signInRegion renew in the wrong place",
        )
    else:
        yield Finding("region", "ok", f"signs in and works in {working}")
