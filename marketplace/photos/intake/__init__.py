"""Who may have an upload decoded now: budgets of work, and turns at this machine's processors."""
