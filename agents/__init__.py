"""Who lives in the town, what they remember, and what they do in a month."""
