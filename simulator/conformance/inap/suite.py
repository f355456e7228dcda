"""ETS 300 374-3: the SSF of a switch against an SCP."""

from calleq.network_nodes import point_codes
from simulator.conformance.inap.bench import TOPOLOGY
from simulator.conformance.inap.language import BOTH
from simulator.conformance.inap.performing import InapPerformer, check_step
from simulator.conformance.isup.mutants import ISUP_VERBS
from simulator.conformance.loading import Kind
from simulator.conformance.suites import Shipped

SHIPPED = Shipped(Kind(BOTH, ISUP_VERBS, check_step), InapPerformer, point_codes(TOPOLOGY))
