"""Bodies: raw bodies where intake puts them, beside the delivery's record or, large ones, in the bucket."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from shared.domain.deliveries import DeliveryAccepted
from shared.ports.bucket import Bucket
from shared.ports.store import Store

_INTAKE = "intake"


class RawBodies:
    """Bodies of the deliveries in one store; `bucket` is the one that holds the large ones."""

    def __init__(self, store: Store, bucket: Bucket) -> None:
        self._store, self._bucket = store, bucket

    def forget(self, streams: Sequence[str]) -> None:
        """See Bodies."""
        for stream in streams:
            view = self._store.state(_INTAKE, stream)
            delivery = msgspec.json.decode(view.state, type=DeliveryAccepted) if view else None
            if delivery is not None and delivery.dataref is not None:
                self._bucket.delete(delivery.dataref)
        self._store.forget(streams)
