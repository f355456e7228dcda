"""Subscriber lines: what a telephone and its switch say to each other (Q.931 octets)."""
