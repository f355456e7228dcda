"""A service control point: 800 numbers, and customer-first calls made on a switch by INAP."""
