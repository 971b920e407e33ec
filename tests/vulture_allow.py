"""Names that are used, though not by code vulture can see: one a line, `_.name`, with the reason beside it.

Typical reasons: a field that is only ever serialised, a method a framework calls by name.
"""

# http.server and socketserver look these up by name.
_.do_POST
_.do_CONNECT
_.close_connection
_.log_message
_.protocol_version
_.daemon_threads
_.block_on_close
_.handle_error

# html.parser calls these by name.
_.handle_starttag
_.attrs
_.handle_endtag
_.handle_data

# Only ever serialised.
_.revised_at_us
_.stopped_at_us
_.expired_at_us

# Fields of the gateway's answers and states, read by pydantic and by the templates.
_.committed_at
_.received_at
_.specversion
_.datacontenttype
_.invited_at
_.expires_at
_.confirmed_at
_.opted_in
_.recorded_at
_.counterpart
_.final
_.window_end
_.published_at
_.parked_at
_.introduction
_.other_login
_.ended_at
_.accepted_at
_.agreed_by
_.agreed_at
_.observed_at
_.site_title
_.site_status_code
_.site_digest
_.site_observed_at
_.not_looked_at
_.issued_at
_.introduced_for
_.exports
_.github_failed
_.speaks

# pydantic calls its validators by their decorators.
_._of_the_role
_._of_an_introduction
_._another_lane
_._each_once

# Settings of Starlette, Jinja, Pillow and uvicorn that are attributes.
_.redirect_slashes
_.filters
_.globals
_.MAX_IMAGE_PIXELS
_.should_exit
_.versioning_enabled
_.retention_period

# Fields of GitHub's payloads that only have to be there: they tell one kind of event from another.
_.pusher
_.zen
_.master_branch
_.hook_id

# Fields of events that are for whoever reads the log.
_.repository_id
_.passed_over
_.failed_at_us
_.issued_at_us
_.redriven_at_us
_.parcel
_.distance_m

# asyncio's protocols, the eventsourcing library and hypothesis call these by name.
_.connection_made
_.data_received
_.connection_lost
_.policy
_.teardown

# zipfile writes these into the archive, and asks whether it may.
_.compress_type
_.writable
_.create_system
_.external_attr

# functions-framework finds a function's target by its name, and shows `__qualname__`.
_.aggregator
_.crawler
_.eventlog
_.gateway
_.intake
_.matchmaker
_.optin
_.archiver
_.__qualname__
_.member  # read by msgspec, so that a payload without one is no such payload
