"""OSN 74: the TCP/IP network inside the carrier, over which its elements instruct each other."""

from calleq.osn.contract import OSN_LINK, Bus
from calleq.osn.in_process import InProcessBus
from calleq.osn.tcp import TcpBus

__all__ = ["OSN_LINK", "Bus", "InProcessBus", "TcpBus"]
