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


# Of provider 6.
_NEW = {
    "region": "a resource may say its region. Nothing here does, so all stay where the provider is",
    "bucket_region": "where a bucket is: what its attribute `region` said",
}
_DEPRECATED = {
    "aws_s3_bucket's attribute `region`": (
        r"\baws_s3_bucket\.[\w-]+\.region\b",
        "it is an argument now, as every resource's",
    ),
    "data.aws_region's attribute `name`": (
        r"\bdata\.aws_region\.[\w-]+\.name\b",
        "since 6.0: it is `region`",
    ),
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
        _NEW,
        {
            **_DEPRECATED,
            "S3's argument `expected_bucket_owner`": (
                r"\"expected_bucket_owner\"",
                "since 6.31. Who grants on a bucket says `aws:ResourceAccount` here",
            ),
        },
    ),
    Library(
        "provider6",
        "cdktf 0.21.0, AWS provider 6.25.0",
        {},
        (_provider("6.25.0"),),
        _NEW,
        _DEPRECATED,
    ),
)
