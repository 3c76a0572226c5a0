"""Every block says something, and every reference leads somewhere."""

import re

from tests.every_stack.documents import parts
from tests.template import Template


def test_no_block_is_empty(template: Template) -> None:
    """As a plain dict in a list of structs becomes: without a word, and weaker than was written."""
    empty = {
        path
        for path, value in parts(template.document)
        if value is None or value in ("", []) or (isinstance(value, dict) and not value.keys() - {"//"})
    }
    # A rule for all objects has the empty prefix, no policy may be attached to a role, and this data source
    # has no arguments.
    meant = {path for path in empty if path.endswith((".filter[0].prefix", ".policy_arns"))}
    assert empty - meant <= {"data.aws_caller_identity.account"}


def test_nothing_that_python_or_cdktf_meant_to_fill_in_is_left_over(template: Template) -> None:
    for path, value in parts(template.document):
        assert not (isinstance(value, str) and re.search(r"TfToken|<cdktf|object at 0x", value)), path


def test_every_reference_leads_to_something(template: Template) -> None:
    # But for what is no more.
    there = {name: part for name, part in template.document.items() if name != "removed"}
    for path, value in parts(there):
        if not isinstance(value, str):
            continue
        for kind, name in re.findall(r"(?<![.\w])(aws_\w+)\.([\w-]+)", value):
            assert name in template.resources(kind), path
        for kind, name in re.findall(r"\bdata\.(aws_\w+)\.([\w-]+)", value):
            assert name in template.document["data"][kind], path
        for name in re.findall(r"\bvar\.(\w+)", value):
            assert name in template.document["variable"], path


def test_everything_that_is_waited_for_is_there(template: Template) -> None:
    addresses = {address for address, _ in template.all_resources()}
    for address, block in template.all_resources():
        assert set(block.get("depends_on", ())) <= addresses, address
