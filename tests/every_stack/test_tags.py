"""Everything is tagged."""

from tests.template import Template


def test_every_resource_is_tagged(template: Template) -> None:
    (provider,) = template.document["provider"]["aws"]
    assert provider["default_tags"] == [
        {
            "tags": {
                "Project": "potential-parakeet",
                "Environment": template.environment,
                "ManagedBy": "terraform",
            }
        }
    ]
    for address, block in template.all_resources():
        assert "provider" not in block, address
        assert not {"Project", "Environment", "ManagedBy"} & set(block.get("tags", ())), address


def test_custom_tags_join_the_platforms_own(reconfigured: Template) -> None:
    (provider,) = reconfigured.document["provider"]["aws"]
    assert provider["default_tags"] == [
        {
            "tags": {
                "Project": "potential-parakeet",
                "Environment": "prod",
                "ManagedBy": "terraform",
                "Team": "quant",
                "CostCentre": "42",
            }
        }
    ]
