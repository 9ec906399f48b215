"""The life of a listing: its states, who may move it from one to another, prices, reminders."""
