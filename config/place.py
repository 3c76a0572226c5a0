"""Where an environment is deployed, and what its parts are called there."""

from dataclasses import dataclass

from config.names import DEPLOYMENT_PATH, FUNCTION_BOUNDARY, PROJECT, resource_name


@dataclass(frozen=True)
class Place:
    """An environment in a region of an account."""

    environment: str
    region: str
    account_id: str
    """Of 12 digits, or a reference to what Terraform will find out."""

    def name(self, part: str) -> str:
        """What AWS knows a part by: `cache` as `potential-parakeet-cache-dev`."""
        return resource_name(part, self.environment)

    def path(self, root: str) -> str:
        """What is named like a folder: `/aws/apigateway` as `/aws/apigateway/potential-parakeet-dev`."""
        return f"{root}/{PROJECT}-{self.environment}"

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"

    @property
    def function_boundary_arn(self) -> str:
        """The policy that says what the environment's functions may do at most; bootstrap makes it."""
        return f"arn:aws:iam::{self.account_id}:policy{DEPLOYMENT_PATH}{self.name(FUNCTION_BOUNDARY)}"
