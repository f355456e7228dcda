"""The steps, in the order in which their `down_revision` puts them."""
