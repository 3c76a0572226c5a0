"""Published versions: what moto has of them, mended where a deployment relies on more."""

import copy
from typing import Any

from moto.awslambda import models
from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.awslambda.models import LambdaFunction, LambdaStorage, LayerVersion
from moto.s3.models import FakeKey, s3_backends

from local.aws.functions.qualifiers import named

_set_code = LambdaFunction._set_function_code  # noqa: SLF001 - moto has no setting for it
_make_layer = LayerVersion.__init__
_delete = LambdaStorage.del_function
_PARTITION = "aws"


class VersionInUseError(LambdaClientError):
    """An alias names the version."""

    code = 409

    def __init__(self, version: str, aliases: list[str]) -> None:
        super().__init__(
            "ResourceConflictException",
            f"Unable to delete version {version} because the following aliases reference it: {aliases}",
        )


def mend() -> None:
    """Version numbers are used once, what an alias names stays, and code is that of the object's version."""
    LambdaStorage.publish_version = _publish  # type: ignore[method-assign]
    LambdaStorage.del_function = _delete_unless_in_use  # type: ignore[method-assign]
    LambdaFunction._set_function_code = _set_pinned_code  # type: ignore[method-assign]  # noqa: SLF001
    LayerVersion.__init__ = _make_pinned_layer  # type: ignore[method-assign]


def _publish(self: LambdaStorage, name_or_arn: str, description: str = "") -> LambdaFunction | None:
    # moto numbers them by how many there are, so after one is deleted two have the same number; and a version
    # shares with $LATEST the description of its code.
    latest = self.get_function_by_name_or_arn_forbid_qualifier(name_or_arn)
    kept = self._functions[latest.function_name]
    versions: list[LambdaFunction] = kept["versions"]
    if versions and not latest.code_or_config_updated:
        return versions[-1]
    latest.code_or_config_updated = False
    kept["published"] = kept.get("published", 0) + 1
    version = copy.copy(latest)
    version.code = dict(latest.code)
    version.set_version(kept["published"])
    if description:
        version.description = description
    versions.append(version)
    self._arns[version.function_arn] = version
    return version


def _delete_unless_in_use(self: LambdaStorage, name_or_arn: str, qualifier: str | None = None) -> None:
    name, in_name = named(name_or_arn)
    asked = in_name or qualifier
    if asked:
        if not asked.isdigit():
            raise InvalidParameterValueException(f"{asked} is no published version, and is not deleted alone")
        aliases = [each.name for each in self.list_aliases(name) if each.function_version == asked]
        if aliases:
            raise VersionInUseError(asked, aliases)
    _delete(self, name, asked)


def _set_pinned_code(self: LambdaFunction, updated_spec: dict[str, Any]) -> None:
    # Looked for first: what is refused changes nothing.
    pinned = _pinned(self.account_id, updated_spec)
    _set_code(self, updated_spec)
    if pinned is not None and not updated_spec.get("DryRun"):
        _take(self, pinned)


def _make_pinned_layer(self: LayerVersion, spec: dict[str, Any], account_id: str, region: str) -> None:
    pinned = _pinned(account_id, spec["Content"])
    _make_layer(self, spec, account_id, region)
    if pinned is not None:
        _take(self, pinned)


def _pinned(account: str, code: dict[str, Any]) -> FakeKey | None:
    """The object's version that was asked for; moto takes the newest."""
    asked = code.get("S3ObjectVersion")
    if not asked or "S3Bucket" not in code:
        return None
    found = s3_backends[account][_PARTITION].get_object(code["S3Bucket"], code["S3Key"], version_id=asked)
    if found is None:
        raise InvalidParameterValueException(
            "Error occurred while GetObject. S3 Error Code: NoSuchVersion. S3 Error Message: The specified "
            "version does not exist."
        )
    return found


def _take(made: LambdaFunction | LayerVersion, found: FakeKey) -> None:
    content = models._s3_content(found)  # noqa: SLF001 - as moto does for the newest
    made.code_bytes, made.code_size, made.code_sha_256, made.code_digest = content
