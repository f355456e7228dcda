"""Calling logic 80: takes a set-up instruction and makes the call, on whatever equipment has it."""
