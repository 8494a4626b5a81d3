"""The pages served: on this computer, behind a gate, without a network; and a check of all that the day before."""
