"""Bootstrap is judged with the roles of a repository's workflows, which no environment may have yet."""

from collections.abc import Mapping

from config.environments import DEV, ENVIRONMENTS
from policy.automated import automated
from tests.template import Template, changed, synthesized_stacks


def test_a_repository_adds_to_bootstrap_and_changes_nothing_that_is_there_without(
    automated_templates: Mapping[str, Template],
) -> None:
    templates = synthesized_stacks([changed(each, repository=None, account_id=None) for each in ENVIRONMENTS])
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
    assert roles.keys() == {f"{does}_{each.name}" for does in ("plan", "deploy") for each in ENVIRONMENTS}


def test_an_environment_that_says_its_repository_keeps_it() -> None:
    assert automated(changed(DEV, repository="somebody/else")).repository == "somebody/else"
