"""What every specialised resource is made of: a switch's board and a peripheral play by it."""
