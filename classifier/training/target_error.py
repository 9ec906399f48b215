"""How often what a form is filled in with may be wrong. Plain Python: pages of the site show it."""

TARGET_ERROR = 0.03
"""Share of the values filled into a form that may be wrong. Thresholds are fitted to it, and
coverage is measured at it, in training, reports and promotion."""
TARGET_ERROR_WORDS = f"{TARGET_ERROR * 100:g} % error"
"""For people: "3 % error"."""
