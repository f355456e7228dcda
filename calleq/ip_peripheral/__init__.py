"""IP 76, the intelligent peripheral: interface 73, calling logic 80, announcements, bridge."""
