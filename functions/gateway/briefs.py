"""Briefs as their readers see them: whose they are, who works on them, and what came of them."""

from msgspec import Struct

from functions.gateway import kept, sight
from functions.gateway.answers import briefs as answers
from functions.gateway.auth import Caller
from functions.gateway.call import missing
from shared.domain.brief_results import BriefCatalogued, BriefResult, CreativeCatalogued, ImageHeat
from shared.domain.event import decode
from shared.domain.instants import rfc3339
from shared.domain.leads import LeadQualified, Leads
from shared.domain.matches import Session
from shared.domain.requests import BriefOpened
from shared.runtime.edge import Edge

LEADS_MAX = 1_000


class Seen(Struct, frozen=True):
    """A brief that the caller may see. `owned`: also its results."""

    catalogued: BriefCatalogued
    kept: BriefResult
    owned: bool


def seen(edge: Edge, caller: Caller, brief: str) -> Seen:
    """The brief, for its client, for operators and for those who work or worked on it.

    Raises:
        Rejection: 404, when it is not there or not theirs.
    """
    kept = edge.state("aggregator", f"brief/{brief}", BriefResult) or BriefResult()
    catalogued = kept.catalogued or (_just_opened(edge, caller, brief) if caller.role == "client" else None)
    if catalogued is None:
        raise missing("brief")
    owned = caller.everywhere or (caller.role == "client" and catalogued.client == caller.subject)
    if not owned and not (caller.role == "developer" and works_on(edge, caller, brief)):
        raise missing("brief")
    return Seen(catalogued, kept, owned)


def owned(edge: Edge, caller: Caller, brief: str) -> Seen:
    """The brief, for its client and for operators.

    Raises:
        Rejection: 404, when it is not there or not theirs.
    """
    found = seen(edge, caller, brief)
    if not found.owned:
        raise missing("brief")
    return found


def works_on(edge: Edge, caller: Caller, brief: str) -> bool:
    """Whether the developer has a seat in a session of the brief, or took part in one."""
    ticket = sight.ticket(edge, caller)
    session = _session(edge, ticket.session) if ticket.session else None
    if session and session.proposed and session.proposed.brief == brief and session.status != "dissolved":
        return True
    part = edge.state("aggregator", f"lead/{caller.subject}", Leads)
    return part is not None and brief in part.participations


def _session(edge: Edge, session: str) -> Session | None:
    return edge.state("matchmaker", f"session/{session}", Session)


def _just_opened(edge: Edge, caller: Caller, brief: str) -> BriefCatalogued | None:
    """The client's brief as it was opened, in the moment before the aggregator has catalogued it."""
    own = kept.client(edge, caller.subject).briefs.get(brief)
    if own is None:
        return None
    recorded = edge.read(f"client/{caller.subject}", own.version - 1, 1)
    opened = decode(recorded[0].type, recorded[0].data)
    assert isinstance(opened, BriefOpened)
    return BriefCatalogued(
        opened.brief, opened.client, opened.title, opened.question, points_each=opened.points_each
    )


def image_url(brief: str, creative: str) -> str:
    """Where an image is shown."""
    return f"/api/creatives/{brief}/{creative}/image"


def heat_url(brief: str, creative: str) -> str:
    """Where an image is shown with its heat."""
    return f"/api/briefs/{brief}/heat/{creative}.png"


def shown(found: Seen) -> answers.Brief:
    """The brief as it is answered."""
    brief = found.catalogued
    return answers.Brief(
        brief=brief.brief,
        title=brief.title,
        question=brief.question,
        sessions=list(found.kept.sessions),
        creatives=[_creative(creative) for creative in found.kept.creatives],
    )


def _creative(creative: CreativeCatalogued) -> answers.Creative:
    return answers.Creative(
        creative=creative.creative,
        kind=creative.kind,
        label=creative.label,
        text=creative.text,
        url=image_url(creative.brief, creative.creative) if creative.kind == "image" else None,
        width_px=creative.width_px,
        height_px=creative.height_px,
    )


def results(edge: Edge, found: Seen) -> answers.Results:
    """What all closed sessions of the brief say together, and who agreed to be introduced."""
    brief, result = found.catalogued, found.kept.result
    texts = {creative.creative: creative.text for creative in found.kept.creatives}
    copies = [
        answers.CopyResult(
            creative=copy.creative,
            label=copy.label,
            text=texts.get(copy.creative),
            approvals=copy.approvals,
            ballots=copy.ballots,
            share=copy.share,
            low=copy.low,
            high=copy.high,
        )
        for copy in (result.copies if result else ())
    ]
    return answers.Results(
        brief=brief.brief,
        title=brief.title,
        status="published" if result else "open",
        sessions=list(result.sessions if result else found.kept.sessions),
        copies=copies,
        images=[_image(brief.brief, heat) for heat in (result.images if result else ())],
        leading=result.leading if result else None,
        leads=[_lead(lead) for lead in leads(edge, brief.brief)],
        published_at=rfc3339(result.published_at_us) if result else None,
    )


def _image(brief: str, heat: ImageHeat) -> answers.ImageResult:
    return answers.ImageResult(
        creative=heat.creative,
        label=heat.label,
        points=heat.marked,
        refusal=heat.refusal,
        overlay=None if heat.refusal else heat_url(brief, heat.creative),
    )


def leads(edge: Edge, brief: str) -> list[LeadQualified]:
    """The participants who agree to be introduced now, the best fit first."""
    found = edge.states("aggregator", Leads, f"brief/{brief}", None, LEADS_MAX)
    qualified = [known.leads[brief] for _, known in found if brief in known.leads]
    return sorted(qualified, key=lambda lead: (-lead.fit, -lead.engagement, lead.developer))


def _lead(lead: LeadQualified) -> answers.Lead:
    return answers.Lead(
        developer=lead.developer, fit=lead.fit, engagement=lead.engagement, reasons=list(lead.reasons)
    )
