from typing import Any

from django.core.management.base import CommandParser

from classifier.training.progress import Progress
from marketplace.accounts.models import User
from marketplace.accounts.roles import ROLES, RoleRefused, role_give, roles_ensure, roles_reset
from marketplace.commands import Outcome, ServiceCommand


class Command(ServiceCommand):
    help = "Make the ready-made groups of rights, and give somebody one: roles EMAIL ROLE."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", nargs="?", help="whose role")
        parser.add_argument("role", nargs="?", help=", ".join(ROLES))
        parser.add_argument("--reset", action="store_true", help="undo what was changed in the groups")

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        made = roles_ensure()
        if options["reset"]:
            roles_reset()
        if options["email"] is None:
            lines = [f"{name}: {role.words}" for name, role in ROLES.items()]
            return Outcome({"roles": list(ROLES), "made": made}, "\n".join(lines))
        user = User.objects.filter(email=User.objects.normalize_email(options["email"])).first()
        if user is None or options["role"] is None:
            raise RoleRefused("Say whose role, by e-mail address, and which: roles EMAIL ROLE.")
        role_give(user=user, role=options["role"], by=None)
        return Outcome({"user": user.email, "role": options["role"]}, f"{user.email} is {options['role']} now.")
