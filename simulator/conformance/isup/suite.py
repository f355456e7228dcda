"""Q.784: ISUP against a switch."""

from simulator.conformance.isup.bench import CODES
from simulator.conformance.isup.mutants import ISUP_VERBS
from simulator.conformance.isup.octets import ISUP
from simulator.conformance.isup.performing import IsupPerformer, check_step
from simulator.conformance.loading import Kind
from simulator.conformance.suites import Shipped

SHIPPED = Shipped(Kind(ISUP, ISUP_VERBS, check_step), IsupPerformer, CODES)
