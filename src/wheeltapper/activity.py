"""Activity: one thing that one actor did.

`ingest` makes it from a native record, `enrich` appends what is needed to judge it, `store` keeps
it in the lake, `detect` reads it. In bulk it is an Arrow table with the schema below; nothing in
this file knows where a record came from or how it is judged.
"""

from dataclasses import dataclass

import pyarrow as pa

TIME = pa.timestamp("us", tz="UTC")

AUTHENTICATION, ACCOUNT_CHANGE, DATA_ACCESS = "authentication", "account_change", "data_access"
PROCESS, NETWORK, ADMIN, OTHER = "process", "network", "admin", "other"
CATEGORIES = (AUTHENTICATION, ACCOUNT_CHANGE, DATA_ACCESS, PROCESS, NETWORK, ADMIN, OTHER)
SUCCESS, FAILURE, UNKNOWN = "success", "failure", "unknown"
OUTCOMES = (SUCCESS, FAILURE, UNKNOWN)
HUMAN, SERVICE, SYSTEM, ANONYMOUS = "human", "service", "system", "anonymous"
ACTOR_TYPES = (HUMAN, SERVICE, SYSTEM, ANONYMOUS)


@dataclass(frozen=True, slots=True)
class Field:
    """One column of an Activity."""

    name: str
    type: pa.DataType
    ocsf: str
    """The OCSF attribute it stands for; empty where OCSF has none."""
    meaning: str


NATIVE_FIELDS = (
    Field("event_id", pa.binary(), "metadata.uid", "128-bit hash of source, record and part"),
    Field("native_id", pa.string(), "metadata.original_uid", "the record's own id"),
    Field("time", TIME, "time", "when it happened"),
    Field("began", TIME, "start_time", "when it began or was made, where that is told too"),
    Field("received", TIME, "metadata.logged_time", "when we read it"),
    Field("late", pa.bool_(), "", "it came after detection had passed its time"),
    Field("source", pa.string(), "metadata.log_name", "log kind: the mapping's name"),
    Field("app", pa.string(), "api.service.name", "application in the organisation's words"),
    Field("action", pa.string(), "api.operation", "what was done, in the application's words"),
    Field("category", pa.string(), "category_name", " | ".join(CATEGORIES)),
    Field("outcome", pa.string(), "status", " | ".join(OUTCOMES)),
    Field("reason", pa.string(), "status_detail", "why it failed"),
    Field("actor", pa.string(), "actor.user.name", "who acted"),
    Field("actor_type", pa.string(), "actor.user.type", " | ".join(ACTOR_TYPES)),
    Field("session", pa.string(), "actor.session.uid", "what ties acts together"),
    Field("on_behalf_of", pa.string(), "actor.user.credential_uid", "role or account used"),
    Field("target", pa.string(), "resources.name", "on what"),
    Field("target_type", pa.string(), "resources.type", "what kind of thing the target is"),
    Field("bytes", pa.int64(), "traffic.bytes", "amount of data moved"),
    Field("count", pa.int64(), "count", "how many acts this record stands for"),
    Field("items", pa.int64(), "", "how many things it touched, as the record tells"),
    Field("src_ip", pa.string(), "src_endpoint.ip", "address it came from"),
    Field("device", pa.string(), "device.hostname", "machine it came from or ran on"),
    Field("region", pa.string(), "cloud.region", "cloud region that it happened in"),
    Field("user_agent", pa.string(), "http_request.user_agent", "client program, as it said"),
    Field("utc_offset", pa.int16(), "", "minutes east of UTC that the record tells"),
    Field("process", pa.string(), "process.file.path", "program"),
    Field("parent_process", pa.string(), "process.parent_process.file.path", "its parent"),
    Field("command_line", pa.string(), "process.cmd_line", "its command line"),
    Field("raw", pa.string(), "raw_data", "the record exactly as it came, as JSON text"),
)

APPENDED_FIELDS = (
    Field("department", pa.string(), "actor.user.org.ou_name", "from the directory"),
    Field("role", pa.string(), "actor.user.ldap_person.job_title", "from the directory"),
    Field("peer_group", pa.string(), "actor.user.groups", "whom the actor is compared with"),
    Field("privileged", pa.bool_(), "", "may do harm by right"),
    Field("country", pa.string(), "src_endpoint.location.country", "ISO 3166-1 alpha-2"),
    Field("city", pa.string(), "src_endpoint.location.city", "of the address"),
    Field("latitude", pa.float32(), "src_endpoint.location.lat", "degrees"),
    Field("longitude", pa.float32(), "src_endpoint.location.long", "degrees"),
    Field("asn", pa.int64(), "src_endpoint.autonomous_system.number", "of the address"),
    Field("as_org", pa.string(), "src_endpoint.autonomous_system.name", "its organisation"),
    Field("ip_class", pa.string(), "", "private | hosting | residential | tor | unknown"),
    Field("ua_os", pa.string(), "device.os.name", "from the user agent"),
    Field("ua_client", pa.string(), "", "program from the user agent, without its version"),
    Field("ua_kind", pa.string(), "", "browser | cli | sdk | mobile | bot | other"),
    Field("hour_of_week", pa.int16(), "", "0 (Monday 00 h) to 167, in the actor's own zone"),
    Field("workday", pa.bool_(), "", "neither weekend nor holiday where the actor is"),
    Field("intel", pa.string(), "enrichments", "the intel entry that matched"),
)

FIELDS = NATIVE_FIELDS + APPENDED_FIELDS


def _schema(fields: tuple[Field, ...]) -> pa.Schema:
    return pa.schema([pa.field(f.name, f.type) for f in fields])


NATIVE_SCHEMA = _schema(NATIVE_FIELDS)
"""What `ingest` delivers."""
SCHEMA = _schema(FIELDS)
"""What `enrich` delivers, `store` keeps and `detect` reads."""
ENTITY_COLUMNS = ("actor", "src_ip", "target", "device", "session", "app", "on_behalf_of")
"""Columns that a detector may speak about."""
