"""The ten checks in their order, and what each is given. The order is that of a reading person: who am I, which
credentials, are they alive, where, when, over which network, by which browser, stored where, used by what, allowed to?
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from daypass.client.aws_config import AwsConfig
from daypass.client.doctor.browser_way import check_browser_way
from daypass.client.doctor.clock import check_clock
from daypass.client.doctor.finding import Finding
from daypass.client.doctor.machine import check_machine
from daypass.client.doctor.network import check_network
from daypass.client.doctor.permission import check_permission
from daypass.client.doctor.precedence import check_precedence
from daypass.client.doctor.python_sdks import check_python_sdks
from daypass.client.doctor.regions import check_regions
from daypass.client.doctor.role_chain import look_beneath
from daypass.client.doctor.saved_session import check_saved_session
from daypass.client.doctor.storage import check_storage
from daypass.client.doctor.subject import Subject, begin_looks, read_session

__all__ = ["CHECKS", "examine"]

CHECKS: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    check_machine,
    check_precedence,
    check_saved_session,
    check_regions,
    check_clock,
    check_network,
    check_browser_way,
    check_storage,
    check_python_sdks,
    check_permission,
)


def examine(
    config: AwsConfig,
    profile_name: str,
    environ: Mapping[str, str],
    *,
    pythons: Sequence[str] = (),
    locks: Sequence[str] = (),
) -> list[Finding]:
    """Everything that was found, in the order of CHECKS; of a role what it stands on, then of the login beneath. `pythons` are interpreters to ask, `locks` files to read."""
    examined, above = look_beneath(config, profile_name, environ)
    subject = Subject(
        profile=config.profile(examined),
        config=config,
        environ=environ,
        now=int(time.time()),
        pythons=tuple(pythons),
        locks=tuple(locks),
    )
    subject = read_session(subject)
    subject = replace(subject, looks=begin_looks(subject))
    return [*above, *(finding for check in CHECKS for finding in check(subject))]
