from tests.security.world import people, world

__all__ = ["people", "world"]
