"""All routes of the gateway, in the order in which the documentation lists them."""

from functions.gateway import (
    api_briefs,
    api_commits,
    api_consents,
    api_entries,
    api_journeys,
    api_keys,
    api_ledger,
    api_me,
    api_node,
    api_people,
    api_sessions,
    api_sign_in,
    api_tokens,
    openapi,
    pages,
)
from functions.gateway.call import Route

API: tuple[Route, ...] = (
    *api_node.ROUTES,
    *api_tokens.ROUTES,
    *api_sign_in.ROUTES,
    *api_entries.ROUTES,
    *api_journeys.ROUTES,
    *api_ledger.ROUTES,
    *api_keys.ROUTES,
    *api_commits.ROUTES,
    *api_people.ROUTES,
    *api_me.ROUTES,
    *api_consents.ROUTES,
    *api_sessions.ROUTES,
    *api_briefs.ROUTES,
)
ROUTES: tuple[Route, ...] = (*API, *pages.ROUTES, *openapi.routes(API, pages.ROUTES))
