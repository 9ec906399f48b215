"""Cells that a spreadsheet would run are quoted, and read back as they were."""

from classifier.training.data.tables import formula_safe, formula_unquoted


def test_every_sign_that_begins_a_formula_is_quoted_and_nothing_else():
    for sign in "=+-@\t\r":
        assert formula_safe(f"{sign}1") == f"'{sign}1"
        assert formula_unquoted(f"'{sign}1") == f"{sign}1"
    for plain in ("BMW", "C'eed", "'68", 3, -1.5, ""):
        assert formula_safe(plain) == plain
    assert formula_unquoted("'68") == "'68"
