"""The libraries, and every difference that they make, with its reason."""

from config.terraform import PROVIDER_VERSION
from portability.library import Library, Stated

_CDKTF, _CDKTN = "0.21.0", "0.24.0"


def _provider(version: str) -> Stated:
    return Stated(
        "stacks/*/cdk.tf.json",
        "terraform.required_providers.aws.version",
        PROVIDER_VERSION,
        version,
        "the bindings ask for the release of the provider that they are generated from",
    )


# Of provider 6. Its deprecations are not in the bindings: docs/decisions.md has those that touch us.
_ARGUMENTS = {
    "region": "a resource may say its region. Nothing here does, so all stay where the provider is",
    "bucket_region": "where a bucket is, which was its `region`. Nothing here asks",
}

LIBRARIES = (
    Library(
        "cdktn",
        "CDK Terrain 0.24.0, AWS provider 6.69.1",
        {"cdktf": "cdktn", "cdktf_cdktf_provider_aws": "cdktn_provider_aws"},
        (
            Stated(
                "manifest.json",
                "version",
                _CDKTF,
                _CDKTN,
                "the library's own version, for its command",
            ),
            Stated(
                "stacks/*/cdk.tf.json",
                "//.metadata.version",
                _CDKTF,
                _CDKTN,
                "the library's own version, in what is a comment to Terraform",
            ),
            _provider("6.69.1"),
        ),
        _ARGUMENTS,
    ),
    Library(
        "provider6",
        "cdktf 0.21.0, AWS provider 6.25.0",
        {},
        (_provider("6.25.0"),),
        _ARGUMENTS,
    ),
)
