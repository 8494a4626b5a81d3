"""Seeing it: the kith command, the plots and the app."""
