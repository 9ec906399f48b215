"""From a file's bytes to an upright RGB picture: one implementation for uploads and the classifier.

The process that decodes strangers' uploads imports it before anything else and under tight limits,
so it needs no more than the standard library, Pillow and pillow-heif.
"""
