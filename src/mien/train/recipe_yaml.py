"""The YAML of recipes, in which names in lists stay the texts that were written."""

from typing import Any

import yaml


def load_yaml(text: str, key: str = "") -> Any:
    """Values of YAML in which the names of a list stay the texts that were written: yes, no, on and off are no flags.

    key: under which the whole text stands. All of `classes` are texts, so that 01 does not become 1. Raises
    yaml.YAMLError for a text that is no YAML.

    >>> load_yaml("{classes: [yes, 01], flip: yes}")
    {'classes': ['yes', '01'], 'flip': True}
    """
    try:
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
            _keep_texts(node, key)
            return None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    # What a wrong tag raises (`!!bool x` a KeyError, `!!timestamp x` an AttributeError), a date such as 2026-99-99, and
    # lists nested too deep.
    except (ValueError, LookupError, AttributeError, RecursionError) as error:
        raise yaml.YAMLError(f"{type(error).__name__}: {error}") from error


def _keep_texts(root: Any, key: str) -> None:
    waiting, seen = [(root, key)], set()
    while waiting:
        node, key = waiting.pop()
        if id(node) in seen:  # an alias
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            waiting += [(value, str(name.value)) for name, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            waiting += [(item, key) for item in node.value]
            for item in node.value:
                if isinstance(item, yaml.ScalarNode) and _is_name(item, key):
                    item.tag = "tag:yaml.org,2002:str"


def _is_name(node: yaml.ScalarNode, key: str) -> bool:
    """Whether an entry of a list under a key is a text; `true` and `false` are flags wherever they stand."""
    flag = node.tag == "tag:yaml.org,2002:bool"
    return (flag or key == "classes") and node.value.lower() not in ("true", "false")
