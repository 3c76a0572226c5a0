"""What a check has against something that is planned."""

from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class Finding:
    """A failed check of one resource; where it is about permissions, of one action."""

    stack: str
    check: str
    """As the tool calls it: `CKV_AWS_145`, `cloudsplaining/DataExfiltration`."""
    resource: str
    """Its address, as `aws_s3_bucket.cache`."""
    action: str = ""
    """As `s3:GetObject`; or the resource, where it is one that no action takes."""
    what: str = field(default="", compare=False)
    """What the tool says about it."""

    def __str__(self) -> str:
        subject = f"{self.resource} ({self.action})" if self.action else self.resource
        return f"{self.stack}: {self.check}: {subject}: {self.what}"
