"""Which cars on sale look alike: docs/adr/0074."""
