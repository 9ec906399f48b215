"""Finds files and functions that are too long, for which ruff has no rule.

Part of `make lint`. Prints one line for each, and exits with 1 if there is any.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE_LINES, FUNCTION_LINES = 400, 60


def python_files() -> list[str]:
    """Paths, as git spells them, of the files that git tracks or that could be added."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "--", "*.py"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted(name for name in set(listed) if (ROOT / name).is_file())


def too_long(name: str) -> Iterator[str]:
    """A line if the file is too long, and one for each function that is.

    Migrations are exempt, as are functions in tests.
    """
    if "/migrations/" in name:
        return
    text = (ROOT / name).read_text(encoding="utf-8")
    lines = text.count("\n")
    if lines > FILE_LINES:
        yield f"{name}:1: {lines} lines, at most {FILE_LINES}"
    if name.startswith("tests/"):
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            long = (node.end_lineno or node.lineno) - node.lineno + 1
            if long > FUNCTION_LINES:
                yield f"{name}:{node.lineno}: {node.name} has {long} lines, at most {FUNCTION_LINES}"


def main() -> int:
    """Exit status 1 if anything is too long."""
    found = [line for name in python_files() for line in too_long(name)]
    sys.stdout.write("".join(f"{line}\n" for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
