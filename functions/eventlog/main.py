"""Event log, as it is wired: `deliveries` and attested commits in, the topic `entries` out."""

from functions.eventlog.decide import ENTRY, spread
from shared.domain.deliveries import DeliveryAccepted
from shared.domain.evidence import CommitAttested
from shared.runtime.serve import serve
from shared.runtime.shapes import Function, Spread

FUNCTION = Function(
    name="eventlog",
    writes="entries",
    shapes=(Spread(fold=ENTRY, reads=(DeliveryAccepted, CommitAttested), spread=spread, attached=True),),
    secrets=("pepper",),
)

eventlog = serve(FUNCTION)
