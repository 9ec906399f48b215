"""Django's makemessages, for catalogues that people merge: small diffs, no guesses."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.commands import makemessages
from django.utils.translation import to_locale

DATE = '"POT-Creation-Date: '
WORDLESS = (".venv", "var", "staticfiles", "classifier", "docs", "scripts", "tests")


class Command(makemessages.Command):
    """Takes the place of Django's; without options it writes the catalogues of all languages."""

    # A guess looks translated, says something else, and stays out of what is compiled.
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]  # noqa: RUF012

    def handle(self, *args: Any, **options: Any) -> None:
        languages = [to_locale(code) for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
        options["locale"] = options["locale"] or languages
        options["ignore_patterns"] = [*options["ignore_patterns"], *WORDLESS]
        # Lines would change with every edit; files say where to look.
        options |= {"add_location": options["add_location"] or "file", "no_wrap": True, "no_obsolete": True}
        (Path(settings.BASE_DIR) / "locale").mkdir(exist_ok=True)
        super().handle(*args, **options)

    def write_po_file(self, potfile: str, locale: str) -> None:
        super().write_po_file(potfile, locale)
        path = Path(potfile).parent / locale / "LC_MESSAGES" / f"{self.domain}.po"
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(line for line in lines if not line.startswith(DATE)), encoding="utf-8")
