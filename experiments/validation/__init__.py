"""What is claimed of Kith, and what the model itself says to each claim."""
