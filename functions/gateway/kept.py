"""What the gateway itself keeps: of a token by its digest, of a developer, of a client."""

from functions.gateway.folds import Client, Person
from shared.domain.tokens import Token
from shared.runtime.edge import Edge


def token(edge: Edge, digest: str) -> Token | None:
    """What one token opens, or None where there is none."""
    return edge.state("gateway", f"token/{digest}", Token)


def person(edge: Edge, developer: str) -> Person:
    """What a developer said of themselves; nothing yet, where they said nothing."""
    return edge.state("gateway", f"person/{developer}", Person) or Person()


def client(edge: Edge, name: str) -> Client:
    """The briefs that a client opened; none yet, where they opened none."""
    return edge.state("gateway", f"client/{name}", Client) or Client()
