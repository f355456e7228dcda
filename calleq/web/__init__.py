"""HTTP for any element that speaks it: hosting on the process's own loop, and problem answers."""
