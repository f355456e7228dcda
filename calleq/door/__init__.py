"""A door of the carrier on the internet: what it lets in becomes calls, and is followed to its end.

The same at access server 72, at the internet interface of a peripheral and at that of a switch.
"""
