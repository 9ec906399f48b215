"""Pages that the operator answers for: privacy, terms, imprint, help, contact."""
