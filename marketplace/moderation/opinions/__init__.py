"""Second opinions: what another moderator says, blind, of a car that was decided."""
