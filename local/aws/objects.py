"""S3's objects: a list of them is made without what is in them."""

from moto.s3.models import FakeKey


def mend() -> None:
    """Have moto list a bucket's versions as they are: it copies them all first, layers of 50 MB as well."""
    # moto has no setting for it.
    FakeKey.__deepcopy__ = _listed  # type: ignore[attr-defined]


def _listed(self: FakeKey, _memo: dict[int, object]) -> FakeKey:
    listed = object.__new__(FakeKey)
    # moto finds it out from the content when it is first asked for, and keeps it.
    _ = self.etag
    # Whose content is closed when the list is gone: it may have none, and not this object's.
    listed.__dict__.update(self.__dict__, disposed=True, multipart=None)
    del listed.__dict__["_value_buffer"]
    return listed
