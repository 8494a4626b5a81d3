"""The page for students: one town of their own, its numbers, its agents, its graph and its rules."""
