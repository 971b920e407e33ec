"""Salts in a bucket, which has to be one that keeps neither versions nor copies: what is destroyed has to be gone."""

import secrets

from shared.ports.bucket import Bucket

SALT_BYTES = 32


class BucketSalts:
    """One object a developer. Of two who make one at once the first wins, as in every bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def of(self, developer: str) -> bytes:
        """See Salts.

        Raises:
            TimeoutError: it was destroyed while it was made, or the bucket is away.
        """
        name = f"salts/{developer}"
        found = self._bucket.get(name)
        if found is None:
            self._bucket.put(name, secrets.token_bytes(SALT_BYTES))
            found = self._bucket.get(name)
        if found is None:
            raise TimeoutError("a salt was destroyed while it was made")
        return found

    def destroy(self, developer: str) -> None:
        """See Salts."""
        self._bucket.delete(f"salts/{developer}")
