"""OSN 74: the TCP/IP network inside the carrier, over which its elements instruct each other."""
