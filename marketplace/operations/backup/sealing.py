"""Encrypted backups: one file that only the holder of a key can read, by age or gpg.

The key is the public one, so a machine that makes backups cannot read them.
"""

import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from marketplace.operations.errors import SiteError

AGE, GPG = "age", "gpg"
SEALED = {AGE: "backup.tar.age", GPG: "backup.tar.gpg"}


def seal_check(key: str) -> None:
    """Raises SiteError if the tool is missing or does not know the key: before hours of copying."""
    tool = _tool(key)
    _need(tool)
    done = subprocess.run(_seal_command(tool, key), input=b"", capture_output=True, check=False)  # noqa: S603  # no shell
    if done.returncode != 0:
        raise SiteError(f"{tool} cannot encrypt to {key}: {_last_line(done.stderr)}")


def backup_seal(*, folder: Path, key: str) -> Path:
    """Put a finished backup into one encrypted file in its folder, and remove the rest of it.

    Raises SiteError or OSError; the plain backup stays then.
    """
    tool = _tool(key)
    target = folder / SEALED[tool]
    part = target.with_suffix(".part")
    content = sorted(path for path in folder.iterdir() if path != part)
    with part.open("wb") as out, tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(_seal_command(tool, key), stdin=subprocess.PIPE, stdout=out, stderr=errors)  # noqa: S603
        assert child.stdin is not None  # noqa: S101  # PIPE
        try:
            with child.stdin as pipe, tarfile.open(fileobj=pipe, mode="w|") as archive:
                for path in content:
                    archive.add(path, arcname=path.name)
        except BrokenPipeError:
            pass  # it says why below
        if child.wait() != 0:
            errors.seek(0)
            part.unlink()
            raise SiteError(f"{tool} did not encrypt the backup: {_last_line(errors.read())}")
    part.rename(target)
    for path in content:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return target


@contextmanager
def backup_opened(folder: Path, *, identity: Path | None) -> Iterator[Path]:
    """The folder of a backup; of an encrypted one a copy that goes afterwards.

    identity: age's file with the private key; gpg has its own keys. Raises SiteError or OSError.
    """
    sealed = next((folder / name for name in SEALED.values() if (folder / name).is_file()), None)
    if sealed is None:
        yield folder
        return
    tool = next(tool for tool, name in SEALED.items() if name == sealed.name)
    _need(tool)
    if tool == AGE and identity is None:
        raise SiteError(f"{sealed} is encrypted: name the file with the private key, --identity FILE.")
    command = (
        [AGE, "--decrypt", "--identity", str(identity)] if tool == AGE else [GPG, "--batch", "--quiet", "--decrypt"]
    )
    with tempfile.TemporaryDirectory(prefix="restore-", dir=folder) as plain:
        with tempfile.TemporaryFile() as errors, sealed.open("rb") as source:
            child = subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE, stderr=errors)  # noqa: S603
            assert child.stdout is not None  # noqa: S101  # PIPE
            try:
                with child.stdout as pipe, tarfile.open(fileobj=pipe, mode="r|") as archive:
                    archive.extractall(plain, filter="data")
            except tarfile.TarError as error:
                child.wait()
                errors.seek(0)
                raise SiteError(f"{sealed} cannot be opened: {_last_line(errors.read()) or error}") from error
            if child.wait() != 0:
                errors.seek(0)
                raise SiteError(f"{sealed} cannot be opened: {_last_line(errors.read())}")
        yield Path(plain)


def _tool(key: str) -> str:
    return AGE if key.startswith("age1") else GPG


def _need(tool: str) -> None:
    if shutil.which(tool) is None:
        raise SiteError(f"There is no {tool} on this machine. Install it, or back up onto an encrypted disk.")


def _seal_command(tool: str, key: str) -> list[str]:
    if tool == AGE:
        return [AGE, "--encrypt", "--recipient", key]
    return [GPG, "--batch", "--quiet", "--trust-model", "always", "--encrypt", "--recipient", key]


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
