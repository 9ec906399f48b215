"""Full-text search: the words that are kept of a listing, and one lookup for both databases.

``ListingText.objects.filter(words__mention=["winter", "tyres"])`` finds the listings that have, for
every word, one that begins with it. PostgreSQL looks into a GIN index of lexemes, SQLite into an
FTS5 table; migration 0013 makes them. Both get words that Python folded (case, accents: see
``name_words``), because databases differ in what they fold and where they cut words.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler

from marketplace.catalogue.names import name_words

FTS_TABLE = "listings_listingtext_fts"
LEXEMES = "array_to_tsvector(string_to_array({}, ' '))"
"""The indexed expression: words are separated already, so no parser may cut them again."""
WORD_LETTERS = 60  # PostgreSQL refuses lexemes of over 2,046 bytes
MOST_WORDS = 8  # of a search; nobody types more that narrows anything down


def words_stored(texts: Iterable[str]) -> str:
    """The different words of these texts, folded, in one line."""
    words = (word[:WORD_LETTERS] for text in texts for word in name_words(text))
    return " ".join(dict.fromkeys(words))


def words_asked(text: str) -> list[str]:
    """The words of a search as ``mention`` takes them; empty if there is no letter or digit."""
    return [word[:WORD_LETTERS] for word in name_words(text)][:MOST_WORDS]


@models.TextField.register_lookup
class Mention(models.Lookup):
    """Whether every word is the beginning of one that is stored, or all in one ("coupe plus").

    The value is a list of folded words; an empty one finds nothing.
    """

    lookup_name = "mention"
    prepare_rhs = False

    def _query(self, word: str, both: str, either: str) -> str:
        words: Sequence[str] = self.rhs
        every = both.join(word.format(one) for one in words)
        return f"({every}){either}{word.format(''.join(words)[:WORD_LETTERS])}" if len(words) > 1 else every

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, list[str | int]]:  # fmt: skip
        column, params = self.process_lhs(compiler, connection)
        if not self.rhs:
            return "false", []
        return f"{LEXEMES.format(column)} @@ %s::tsquery", [*params, self._query("'{}':*", " & ", " | ")]

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        alias = compiler.quote_name_unless_alias(self.lhs.alias)
        if not self.rhs:
            return "0", []
        found = f"SELECT rowid FROM {FTS_TABLE} WHERE {FTS_TABLE} MATCH %s"  # noqa: S608  # a constant
        return f"{alias}.listing_id IN ({found})", [self._query('"{}"*', " AND ", " OR ")]
