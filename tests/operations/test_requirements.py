"""What serves imports only what requirements.txt installs."""

import ast
import sys
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]


def test_nothing_that_serves_needs_the_developers_requirements():
    installed, owners = _installed_by("requirements.txt"), packages_distributions()
    missing = {
        (module, str(path.relative_to(ROOT)))
        for package in ("marketplace", "classifier")
        for path in (ROOT / package).rglob("*.py")
        for module in _imported(ast.parse(path.read_text(encoding="utf-8")))
        if module not in sys.stdlib_module_names | {"marketplace", "classifier"}
        if not installed & {canonicalize_name(name) for name in owners.get(module, [])}
    }
    assert missing == set()


def _imported(tree: ast.AST) -> set[str]:
    """First names of the modules that a file imports when it runs, wherever in it that stands."""
    nodes, names = [tree], set()
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        if isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module.split(".")[0])
        nodes.extend(ast.iter_child_nodes(node))
    return names


def _installed_by(file: str) -> set[str]:
    """Names of the packages in a file of requirements, and of all that these need."""
    lines = (line.split("#")[0].strip() for line in (ROOT / file).read_text(encoding="utf-8").splitlines())
    waiting, names = [Requirement(line) for line in lines if line and not line.startswith("-")], set()
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        one = waiting.pop()
        name, extras = canonicalize_name(one.name), frozenset(one.extras)
        if (name, extras) in seen or (one.marker and not one.marker.evaluate({"extra": ""})):
            continue
        seen.add((name, extras))
        try:
            needs = [Requirement(text) for text in distribution(name).requires or []]
        except PackageNotFoundError:  # of another platform
            continue
        names.add(name)
        asked = [need for need in needs if _asked_for(need, extras)]
        for need in asked:
            need.marker = None
        waiting += asked
    return names


def _asked_for(need: Requirement, extras: frozenset[str]) -> bool:
    return need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in ("", *extras))
