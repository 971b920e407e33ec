"""Crawler: reads opt-ins, and once a day the outside; writes the topic `profiles`.

SSH keys are read where their developer asks for it.
"""

from functools import partial

from functions.crawler.act import act
from functions.crawler.decide import PROFILE, party_stream
from functions.crawler.keys import KEYS
from shared.domain.event import Due
from shared.domain.optins import OptInConfirmed, OptInRevoked
from shared.runtime.serve import serve
from shared.runtime.shapes import Errand, Function

# An opt-in has two parties, and each has a stream of their own.
FIRST = Errand(PROFILE, (OptInConfirmed, OptInRevoked, Due), partial(party_stream, 0), partial(act, 0))
SECOND = Errand(PROFILE, (OptInConfirmed, OptInRevoked), partial(party_stream, 1), partial(act, 1))

FUNCTION = Function("crawler", "profiles", (FIRST, SECOND, KEYS), secrets=("pepper",))

crawler = serve(FUNCTION)
