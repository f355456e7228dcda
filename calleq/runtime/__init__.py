"""What a process stands on: its clock, its loop and the small contracts that every room uses."""
