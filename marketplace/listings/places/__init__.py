"""Where towns lie, and how far a car is from one."""
