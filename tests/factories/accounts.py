"""People."""

from typing import Any

from factory import LazyAttribute, Sequence, Trait
from factory.django import DjangoModelFactory

from marketplace.accounts.models import User

PASSWORD = "a long enough secret"


class UserFactory(DjangoModelFactory[User]):
    """A person with an account, named after their address; the password is ``PASSWORD``."""

    class Meta:
        model = User

    class Params:
        moderator = Trait(is_moderator=True)
        staff = Trait(is_staff=True)
        superuser = Trait(is_staff=True, is_superuser=True, is_moderator=True)

    email = Sequence(lambda n: f"person{n}@example.org")
    password = PASSWORD
    display_name = LazyAttribute(lambda user: user.email.partition("@")[0].title())

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        """Through the manager, which hashes the password and checks the row."""
        return model_class.objects.create_user(*args, **kwargs)
