"""What a run costs: CPU seconds and memory of this process."""

import os
import sys


def memory_mb() -> float:
    """The most memory that this process held; 0 where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(most / (1024 * 1024 if sys.platform == "darwin" else 1024))


def cpu_s() -> float:
    """User and system seconds of this whole process and its children."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
