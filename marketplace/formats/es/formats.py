"""How dates and numbers are written, where it differs from Django's own."""

THOUSAND_SEPARATOR = "."  # as the country's car markets write prices; Django's own is a space
