"""What the scheduler starts by itself, and how often in seconds."""

from typing import Any

SCHEDULE: dict[str, dict[str, Any]] = {
    # Tasks expire, so that a worker that was down for a day does not find thousands of them.
    "photos-sweep": {"task": "marketplace.photos.tasks.sweep", "schedule": 15.0, "options": {"expires": 60}},
    "photos-tidy": {"task": "marketplace.photos.tasks.tidy", "schedule": 600.0, "options": {"expires": 600}},
    "rerecognise-sweep": {
        "task": "marketplace.training.tasks.rerecognise_sweep",
        "schedule": 30.0,
        "options": {"expires": 60},
    },
    "listings-sweep": {"task": "marketplace.listings.tasks.sweep", "schedule": 300.0, "options": {"expires": 300}},
    "listings-mails": {"task": "marketplace.listings.tasks.send_mails", "schedule": 60.0, "options": {"expires": 60}},
    "trade-mails": {"task": "marketplace.trade.tasks.send_mails", "schedule": 60.0, "options": {"expires": 60}},
    "trade-sweep": {"task": "marketplace.trade.tasks.sweep", "schedule": 300.0, "options": {"expires": 300}},
    "trainings-watch": {
        "task": "marketplace.training.tasks.watch",
        "schedule": 15.0,
        "options": {"expires": 60},
    },
    "moderation-review": {
        "task": "marketplace.moderation.tasks.review_submitted",
        "schedule": 15.0,
        "options": {"expires": 60},
    },
    "moderation-donations": {
        "task": "marketplace.moderation.tasks.donations_sweep",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
}
