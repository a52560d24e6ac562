"""Which host serves which region: AWS's partitions as data, and the four host names daypass needs.

The table is the whole truth; functions only fill in the region. Wildcards are not guessed: a region no
pattern knows belongs to the `aws` partition, as AWS's own clients decide (AWS General Reference,
"Service endpoints"; the Sign-In, STS and IAM endpoint rules of the AWS SDKs).
"""

import re
from dataclasses import dataclass, field

from daypass.errors import ConfigError

__all__ = [
    "PARTITIONS",
    "Partition",
    "console_endpoint",
    "control_plane_endpoint",
    "iam_endpoint",
    "oauth_endpoint",
    "partition_of_region",
    "signin_endpoint",
    "sts_endpoint",
]

_is_region = re.compile(r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?").fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """One of AWS's separate worlds. Host templates name `{region}` where it goes."""

    name: str
    """As in the second field of its ARNs."""
    region_pattern: str
    """Regular expression its regions match as a whole."""
    dns_suffix: str
    dual_stack_suffix: str
    signin_host: str
    console_host: str
    iam_host: str
    iam_fips_host: str
    iam_dual_stack_host: str
    iam_fips_dual_stack_host: str
    global_region: str
    """The pseudo-region of its global services."""
    sts_fips_host: str = ""
    """Where it differs from `sts-fips.{region}.<dns suffix>`."""
    signin_fips_host: str = ""
    """Where it differs from `signin-fips.{region}.<dns suffix>`."""
    signin_fips_by_region: dict[str, str] = field(default_factory=dict)


PARTITIONS: tuple[Partition, ...] = (
    Partition(
        name="aws",
        region_pattern=r"(us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+",
        dns_suffix="amazonaws.com",
        dual_stack_suffix="api.aws",
        signin_host="{region}.signin.aws.amazon.com",
        console_host="{region}.console.aws.amazon.com",
        iam_host="iam.amazonaws.com",
        iam_fips_host="iam-fips.amazonaws.com",
        iam_dual_stack_host="iam.global.api.aws",
        iam_fips_dual_stack_host="iam-fips.global.api.aws",
        global_region="aws-global",
    ),
    Partition(
        name="aws-cn",
        region_pattern=r"cn-\w+-\d+",
        dns_suffix="amazonaws.com.cn",
        dual_stack_suffix="api.amazonwebservices.com.cn",
        signin_host="{region}.signin.amazonaws.cn",
        console_host="{region}.console.amazonaws.cn",
        iam_host="iam.cn-north-1.amazonaws.com.cn",
        iam_fips_host="iam-fips.amazonaws.com.cn",
        iam_dual_stack_host="iam.global.api.amazonwebservices.com.cn",
        iam_fips_dual_stack_host="iam-fips.api.amazonwebservices.com.cn",
        global_region="aws-cn-global",
    ),
    Partition(
        name="aws-us-gov",
        region_pattern=r"us-gov-\w+-\d+",
        dns_suffix="amazonaws.com",
        dual_stack_suffix="api.aws",
        signin_host="{region}.signin.amazonaws-us-gov.com",
        console_host="{region}.console.amazonaws-us-gov.com",
        iam_host="iam.us-gov.amazonaws.com",
        iam_fips_host="iam.us-gov.amazonaws.com",
        iam_dual_stack_host="iam.us-gov.api.aws",
        iam_fips_dual_stack_host="iam.us-gov.api.aws",
        global_region="aws-us-gov-global",
        sts_fips_host="sts.{region}.amazonaws.com",
        signin_fips_host="{region}.signin-fips.amazonaws-us-gov.com",
        signin_fips_by_region={"us-gov-west-1": "signin-fips.amazonaws-us-gov.com"},
    ),
    Partition(
        name="aws-eusc",
        region_pattern=r"eusc-(de)-\w+-\d+",
        dns_suffix="amazonaws.eu",
        dual_stack_suffix="api.amazonwebservices.eu",
        signin_host="{region}.signin.amazonaws-eusc.eu",
        console_host="{region}.console.amazonaws-eusc.eu",
        iam_host="iam.eusc-de-east-1.amazonaws.eu",
        iam_fips_host="iam-fips.amazonaws.eu",
        iam_dual_stack_host="iam.global.api.amazonwebservices.eu",
        iam_fips_dual_stack_host="iam-fips.api.amazonwebservices.eu",
        global_region="aws-eusc-global",
    ),
    Partition(
        name="aws-iso",
        region_pattern=r"us-iso-\w+-\d+",
        dns_suffix="c2s.ic.gov",
        dual_stack_suffix="api.aws.ic.gov",
        signin_host="{region}.signin.c2shome.ic.gov",
        console_host="{region}.console.c2shome.ic.gov",
        iam_host="iam.us-iso-east-1.c2s.ic.gov",
        iam_fips_host="iam-fips.us-iso-east-1.c2s.ic.gov",
        iam_dual_stack_host="iam.api.aws.ic.gov",
        iam_fips_dual_stack_host="iam-fips.api.aws.ic.gov",
        global_region="aws-iso-global",
    ),
    Partition(
        name="aws-iso-b",
        region_pattern=r"us-isob-\w+-\d+",
        dns_suffix="sc2s.sgov.gov",
        dual_stack_suffix="api.aws.scloud",
        signin_host="{region}.signin.sc2shome.sgov.gov",
        console_host="{region}.console.sc2shome.sgov.gov",
        iam_host="iam.us-isob-east-1.sc2s.sgov.gov",
        iam_fips_host="iam-fips.us-isob-east-1.sc2s.sgov.gov",
        iam_dual_stack_host="iam.api.aws.scloud",
        iam_fips_dual_stack_host="iam-fips.api.aws.scloud",
        global_region="aws-iso-b-global",
    ),
    Partition(
        name="aws-iso-e",
        region_pattern=r"eu-isoe-\w+-\d+",
        dns_suffix="cloud.adc-e.uk",
        dual_stack_suffix="api.cloud-aws.adc-e.uk",
        signin_host="{region}.signin.csphome.adc-e.uk",
        console_host="{region}.console.csphome.adc-e.uk",
        iam_host="iam.eu-isoe-west-1.cloud.adc-e.uk",
        iam_fips_host="iam-fips.cloud.adc-e.uk",
        iam_dual_stack_host="iam.api.cloud-aws.adc-e.uk",
        iam_fips_dual_stack_host="iam-fips.api.cloud-aws.adc-e.uk",
        global_region="aws-iso-e-global",
    ),
    Partition(
        name="aws-iso-f",
        region_pattern=r"us-isof-\w+-\d+",
        dns_suffix="csp.hci.ic.gov",
        dual_stack_suffix="api.aws.hci.ic.gov",
        signin_host="{region}.signin.csphome.hci.ic.gov",
        console_host="{region}.console.csphome.hci.ic.gov",
        iam_host="iam.us-isof-south-1.csp.hci.ic.gov",
        iam_fips_host="iam-fips.csp.hci.ic.gov",
        iam_dual_stack_host="iam.api.aws.hci.ic.gov",
        iam_fips_dual_stack_host="iam-fips.api.aws.hci.ic.gov",
        global_region="aws-iso-f-global",
    ),
)


def partition_of_region(region: str) -> Partition:
    """The partition a region belongs to. Raises ConfigError when the text cannot be a host name's label."""
    if not _is_region(region):
        raise ConfigError("the region is not a region's name")
    for partition in PARTITIONS:
        if region == partition.global_region or re.fullmatch(partition.region_pattern, region, re.ASCII):
            return partition
    return PARTITIONS[0]


def signin_endpoint(region: str, *, use_fips: bool = False, use_dual_stack: bool = False) -> str:
    """The data plane of Sign-In: `/v1/authorize` and `/v1/token`."""
    partition = partition_of_region(region)
    if use_dual_stack:
        host = ("signin-fips" if use_fips else "signin") + ".{region}." + partition.dual_stack_suffix
    elif use_fips:
        host = partition.signin_fips_by_region.get(region, partition.signin_fips_host)
        host = host or "signin-fips.{region}." + partition.dns_suffix
    else:
        host = partition.signin_host
    return _https(host, region)


def control_plane_endpoint(region: str) -> str:
    """Sign-In's signed console-authorization operations."""
    return _https("signin.{region}." + partition_of_region(region).dual_stack_suffix, region)


def oauth_endpoint(region: str) -> str:
    """Sign-In's newer OAuth operations: own clients, introspection, revocation. Raises ConfigError elsewhere."""
    if partition_of_region(region).name != "aws":
        raise ConfigError("OAuth operations of Sign-In exist in the aws partition only")
    return _https("{region}.oauth.signin.aws", region)


def sts_endpoint(region: str, *, use_fips: bool = False, use_dual_stack: bool = False) -> str:
    """The regional STS endpoint; the pseudo-region `aws-global` has the global one."""
    partition = partition_of_region(region)
    if use_dual_stack:
        host = ("sts-fips" if use_fips else "sts") + ".{region}." + partition.dual_stack_suffix
    elif use_fips:
        host = partition.sts_fips_host or "sts-fips.{region}." + partition.dns_suffix
    elif region == "aws-global":
        host = "sts.amazonaws.com"
    else:
        host = "sts.{region}." + partition.dns_suffix
    return _https(host, region)


def iam_endpoint(region: str, *, use_fips: bool = False, use_dual_stack: bool = False) -> str:
    """The partition's one IAM endpoint."""
    partition = partition_of_region(region)
    if use_dual_stack:
        host = partition.iam_fips_dual_stack_host if use_fips else partition.iam_dual_stack_host
    else:
        host = partition.iam_fips_host if use_fips else partition.iam_host
    return _https(host, region)


def console_endpoint(region: str) -> str:
    """The web console."""
    return _https(partition_of_region(region).console_host, region)


def _https(host: str, region: str) -> str:
    return "https://" + host.format(region=region)
