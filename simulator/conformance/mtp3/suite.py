"""Q.782: level 3 against a signalling point or a transfer point."""

from simulator.conformance.loading import Kind
from simulator.conformance.mtp3.mutants import MTP3_VERBS
from simulator.conformance.mtp3.octets import MTP3
from simulator.conformance.mtp3.performing import Mtp3Performer, check_step
from simulator.conformance.suites import Shipped

SHIPPED = Shipped(Kind(MTP3, MTP3_VERBS, check_step), Mtp3Performer)
