"""Trainings that operators start on a page: asked for, done on the queue ``train``, watched."""
