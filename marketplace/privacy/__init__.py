"""A person's own data: a copy of all of it, and the end of it."""
