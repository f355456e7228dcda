"""RTP: what comes in at the ends of wires, what goes out there, and what it was like."""
