"""Calling equipment that stands by itself: what is ours, and what anybody may bring."""
