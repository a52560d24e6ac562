"""Check 6: can the sign-in service and STS be reached from here, through what, and who vouches for them."""

from collections.abc import Iterator

from daypass.client.doctor.finding import Finding
from daypass.client.doctor.sight import PATIENCE, Sighting
from daypass.client.doctor.subject import Subject

__all__ = ["check_network"]

_NAMES = {"signin": "the sign-in service", "sts": "STS"}


def check_network(subject: Subject) -> Iterator[Finding]:
    """One finding per service."""
    for service, look in subject.looks.hosts.items():
        yield judge_sighting(service, look.result(), subject.environ.get("AWS_CA_BUNDLE") or "")


def judge_sighting(service: str, seen: Sighting, ca_bundle: str = "") -> Finding:
    """`service` is `signin` or `sts`, and begins the code."""
    name = _NAMES[service]
    through = f" through the proxy {seen.proxy}" if seen.proxy else ""
    if not seen.fault:
        return Finding(f"{service}_reachable", "ok", f"{name} answers at {seen.host}{through}")
    told, mend = _FAULTS[seen.fault]
    mend = mend.format(url=seen.url, host=seen.host.partition(":")[0], bundle=ca_bundle)
    if seen.fault == "tls":
        shown = (
            f'the certificate shown was issued by "{seen.issuer}"' if seen.issuer else "its issuer is unknown"
        )
        told = f"{told}: {shown}"
    elif seen.fault == "timeout":
        told = f"{told} within {PATIENCE:.0f} s"
    where = f" at {seen.host}" if seen.host else ""
    return Finding(f"{service}_{seen.fault}", "error", f"{name}{where}{through} {told}", mend)


_FAULTS = {
    "dns": ("has a name that cannot be looked up", "nslookup {host}"),
    "refused": ("refuses connections", "curl -I {url}"),
    "timeout": ("does not answer", "curl -I {url}"),
    "tls": ("is not trusted here", "export AWS_CA_BUNDLE=/path/to/your-organisations-ca.pem"),
    "ca_bundle": ("was not asked: AWS_CA_BUNDLE names a file without certificates", "ls -l {bundle}"),
    "url": ("has an address that is none", "aws configure list"),
    "other": ("could not be reached", "curl -I {url}"),
}
"""Fault to what is said and the command. Never to switch verification off."""
