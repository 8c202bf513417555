"""Jobs and schedules. Does not hold assets, and no logic."""
