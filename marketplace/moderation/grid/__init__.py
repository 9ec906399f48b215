"""Many listings at once whose photos say the same car."""
