"""OSN 74: the TCP/IP network inside the carrier, over which its elements instruct each other.

The bus among processes is `tcp`, imported only by who has several.
"""

from calleq.osn.contract import OSN_LINK, Bus
from calleq.osn.in_process import InProcessBus

__all__ = ["OSN_LINK", "Bus", "InProcessBus"]
