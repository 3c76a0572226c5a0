"""What a bucket's objects come to with time."""

from bindings.aws import (
    S3BucketLifecycleConfigurationRule,
    S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload,
    S3BucketLifecycleConfigurationRuleExpiration,
    S3BucketLifecycleConfigurationRuleFilter,
    S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration,
)

ACCESS_LOG_DAYS = 90
ABANDONED_UPLOAD_DAYS = 7


def abort_abandoned_uploads() -> S3BucketLifecycleConfigurationRule:
    """What was uploaded of objects that were never finished costs, and is not listed."""
    return S3BucketLifecycleConfigurationRule(
        id="abort-abandoned-uploads",
        status="Enabled",
        filter=[S3BucketLifecycleConfigurationRuleFilter(prefix="")],
        abort_incomplete_multipart_upload=[
            S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload(
                days_after_initiation=ABANDONED_UPLOAD_DAYS
            )
        ],
    )


def expire(id: str, prefix: str, days: int) -> S3BucketLifecycleConfigurationRule:
    """Delete the objects below `prefix` when they are so old."""
    return S3BucketLifecycleConfigurationRule(
        id=id,
        status="Enabled",
        filter=[S3BucketLifecycleConfigurationRuleFilter(prefix=prefix)],
        expiration=[S3BucketLifecycleConfigurationRuleExpiration(days=days)],
    )


def access_log_rules() -> list[S3BucketLifecycleConfigurationRule]:
    """For a bucket of access logs."""
    return [abort_abandoned_uploads(), expire("expire-logs", "", ACCESS_LOG_DAYS)]


def expire_old_versions(id: str, prefix: str, days: int) -> S3BucketLifecycleConfigurationRule:
    """Delete versions of the objects below `prefix` that were replaced so long ago."""
    return S3BucketLifecycleConfigurationRule(
        id=id,
        status="Enabled",
        filter=[S3BucketLifecycleConfigurationRuleFilter(prefix=prefix)],
        noncurrent_version_expiration=[
            S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(noncurrent_days=days)
        ],
    )
