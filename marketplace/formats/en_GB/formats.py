"""How dates and numbers are written, where it differs from Django's own."""

DATE_FORMAT = "j F Y"
DATETIME_FORMAT = "j F Y, H:i"
TIME_FORMAT = "H:i"
SHORT_DATE_FORMAT = "j M Y"  # 3/4/2026 is another day on each side of the Atlantic
SHORT_DATETIME_FORMAT = "j M Y, H:i"
THOUSAND_SEPARATOR = "\u202f"  # narrow no-break space: in no language a decimal sign
