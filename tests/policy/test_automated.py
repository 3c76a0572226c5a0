"""Bootstrap is judged with the roles of a repository's workflows, which no environment may have yet."""

from collections.abc import Mapping

from config.dev import DEV
from policy.automated import automated
from tests.template import Template, changed


def test_a_repository_adds_to_bootstrap_and_changes_nothing_that_is_there_without(
    templates: Mapping[str, Template], automated_templates: Mapping[str, Template]
) -> None:
    assert automated_templates.keys() == templates.keys()
    for name, template in templates.items():
        more = automated_templates[name]
        if "bootstrap" in name:
            for kind in ("resource", "data"):
                for type_, blocks in template.document[kind].items():
                    assert more.document[kind][type_].items() >= blocks.items()
        else:
            assert more.document == template.document


def test_every_environment_has_roles_that_are_judged(automated_templates: Mapping[str, Template]) -> None:
    roles = automated_templates["parakeet-bootstrap"].resources("aws_iam_role")
    assert roles.keys() == {
        f"{does}_{environment}" for does in ("plan", "deploy") for environment in ("dev", "staging", "prod")
    }


def test_an_environment_that_says_its_repository_keeps_it() -> None:
    assert automated(changed(DEV, repository="somebody/else")).repository == "somebody/else"
