"""The catalogue as operators keep it: merges that listings follow, names, proposed models."""
