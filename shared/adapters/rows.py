"""Rows into a SQLite table, several to a statement: beginning and ending a statement costs as much as a small row."""

import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Any

ROWS_PER_STATEMENT = 32


def insert(connection: sqlite3.Connection, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run `into` (such as `INSERT INTO event`) for all rows, which have a value for every column of the table."""
    if not rows:
        return
    one = f"({','.join('?' * len(rows[0]))})"
    whole = len(rows) // ROWS_PER_STATEMENT * ROWS_PER_STATEMENT
    connection.executemany(
        f"{into} VALUES {','.join([one] * ROWS_PER_STATEMENT)}",
        [
            tuple(chain.from_iterable(rows[start : start + ROWS_PER_STATEMENT]))
            for start in range(0, whole, ROWS_PER_STATEMENT)
        ],
    )
    connection.executemany(f"{into} VALUES {one}", rows[whole:])
