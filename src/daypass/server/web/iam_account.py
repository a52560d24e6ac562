"""The IAM API's rows about the account as a whole, second factors, and what would be allowed.

What an action means stands in `flows/iam/`; its parameters and its answer are the service model's (`query_model.py`).
"""

from collections.abc import Mapping

from daypass.server.domain.account_settings import PasswordPolicy
from daypass.server.flows.iam.account_settings import AccountSettings
from daypass.server.flows.iam.mfa_devices import MfaDevices, NewVirtualDevice, OwnedDevice
from daypass.server.flows.iam.outbound_federation import OutboundFederation
from daypass.server.flows.iam.password_policies import PasswordPolicies
from daypass.server.web import iam_members as members
from daypass.server.web.enrolment_picture import draw_enrolment
from daypass.server.web.iam_members import Members, page_members
from daypass.server.web.iam_parts import IamParts
from daypass.server.web.model_operation import ModelOperation, changing, reading

__all__ = ["build_account_operations"]


def build_account_operations(parts: IamParts) -> Mapping[str, ModelOperation]:
    """Every row of this file, by action."""
    rows = (*_setting_rows(parts), *_outbound_rows(parts), *_device_rows(parts))
    return {row.action: row for row in rows}


def _setting_rows(parts: IamParts) -> tuple[ModelOperation, ...]:
    settings = AccountSettings(parts.storage)
    passwords = PasswordPolicies(parts.storage)
    return (
        changing("CreateAccountAlias", settings.create_account_alias),
        changing("DeleteAccountAlias", settings.delete_account_alias),
        reading(
            "ListAccountAliases",
            settings.list_account_aliases,
            lambda aliases: {"AccountAliases": aliases, "IsTruncated": False},
        ),
        reading("GetAccountSummary", settings.get_account_summary, lambda counts: {"SummaryMap": counts}),
        changing("UpdateAccountPasswordPolicy", passwords.update_password_policy),
        reading("GetAccountPasswordPolicy", passwords.get_password_policy, _password_policy),
        changing("DeleteAccountPasswordPolicy", passwords.delete_password_policy),
    )


def _outbound_rows(parts: IamParts) -> tuple[ModelOperation, ...]:
    outbound = OutboundFederation(parts.storage, parts.issuer)
    return (
        changing(
            "EnableOutboundWebIdentityFederation",
            outbound.enable,
            lambda issuer: {"IssuerIdentifier": issuer},
        ),
        changing("DisableOutboundWebIdentityFederation", outbound.disable),
        reading(
            "GetOutboundWebIdentityFederationInfo",
            outbound.get_info,
            lambda issuer: {"IssuerIdentifier": issuer, "JwtVendingEnabled": True},
        ),
    )


def _device_rows(parts: IamParts) -> tuple[ModelOperation, ...]:
    devices = MfaDevices(parts.storage, parts.ring, parts.randomness)
    return (
        changing("CreateVirtualMFADevice", devices.create_virtual_mfa_device, _new_device),
        changing("EnableMFADevice", devices.enable_mfa_device),
        changing("ResyncMFADevice", devices.resync_mfa_device),
        changing("DeactivateMFADevice", devices.deactivate_mfa_device),
        changing("DeleteVirtualMFADevice", devices.delete_virtual_mfa_device),
        reading("GetMFADevice", devices.get_mfa_device, _device),
        reading("ListMFADevices", devices.list_mfa_devices, page_members("MFADevices", _device)),
        reading(
            "ListVirtualMFADevices",
            devices.list_virtual_mfa_devices,
            page_members("VirtualMFADevices", _virtual_device),
        ),
    )


def _password_policy(policy: PasswordPolicy) -> Members:
    return {
        "PasswordPolicy": {
            "MinimumPasswordLength": policy.minimum_password_length,
            "RequireSymbols": policy.require_symbols,
            "RequireNumbers": policy.require_numbers,
            "RequireUppercaseCharacters": policy.require_uppercase_characters,
            "RequireLowercaseCharacters": policy.require_lowercase_characters,
            "AllowUsersToChangePassword": policy.allow_users_to_change_password,
            "ExpirePasswords": policy.max_password_age > 0,
            "MaxPasswordAge": policy.max_password_age or None,
            "PasswordReusePrevention": policy.password_reuse_prevention or None,
            "HardExpiry": policy.hard_expiry,
        }
    }


def _new_device(new: NewVirtualDevice) -> Members:
    serial_number, seed = new.device.serial_number, new.seed.reveal()
    return {
        "VirtualMFADevice": {
            "SerialNumber": serial_number,
            "Base32StringSeed": seed.encode("ascii"),
            "QRCodePNG": draw_enrolment(serial_number, new.seed),
            "Tags": members.tag_members(new.device.tags) or None,
        }
    }


def _device(owned: OwnedDevice) -> Members:
    owner = owned.owner
    name = "root" if owner is None else members.person_members(owner)["UserName"]
    return {
        "UserName": name,
        "SerialNumber": owned.device.serial_number,
        "EnableDate": owned.device.enabled_at,
    }


def _virtual_device(owned: OwnedDevice) -> Members:
    return {
        "SerialNumber": owned.device.serial_number,
        "User": None if owned.owner is None else members.person_members(owned.owner),
        "EnableDate": owned.device.enabled_at or None,
    }
