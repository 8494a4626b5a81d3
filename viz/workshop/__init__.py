"""The workshop: two towns under the same shock, live on one screen, and everything a room needs around them."""
