"""S3 as it lists what is in a bucket."""

import pytest
from moto.s3.models import FakeKey, S3Backend

from local.aws import objects

pytestmark = pytest.mark.integration


def test_versions_are_listed_without_reading_what_is_in_them(monkeypatch: pytest.MonkeyPatch) -> None:
    objects.mend()
    s3 = S3Backend("us-east-1", "123456789012")
    s3.create_bucket("layers", "us-east-1")
    s3.put_bucket_versioning("layers", "Enabled")
    tags = [s3.put_object("layers", "core.zip", content).etag for content in (b"first", b"second")]
    with monkeypatch.context() as patch:
        patch.setattr(FakeKey, "value", property(lambda _: pytest.fail("it was read")))
        listed, *_ = s3.list_object_versions("layers")
        found = [(each.name, vars(each)["is_latest"], each.size, each.etag) for each in listed]
    assert found == [("core.zip", True, 6, tags[1]), ("core.zip", False, 5, tags[0])]
    # The list is gone, and what was listed is not.
    del listed
    kept = s3.get_object("layers", "core.zip")
    assert kept
    assert kept.value == b"second"
