"""The tables of the records: what people did and must never be lost. A workspace stands on every row."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from crm.records.columns import GrowingId, Moment, id_column, metadata, reference, workspace_column

# --- the firm and its people -------------------------------------------------------------------------------

workspaces = Table(
    "workspaces",
    metadata,
    id_column(),
    Column("name", String(200), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("language", String(8), nullable=False),
    Column("week_start", Integer, nullable=False),  # 0 Monday to 6 Sunday, as datetime.weekday()
    Column("weekend", JSON, nullable=False),  # list of the same numbers
    Column("business_hours", JSON, nullable=False),  # {"from": "09:00", "until": "18:00"}
    Column("revision", BigInteger, nullable=False),  # the growing enrichment revision
    Column("next_case", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
)

users = Table(
    "users",
    metadata,
    id_column(),
    workspace_column(),
    Column("email", String(320), nullable=False),  # folded to lower case
    Column("name", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("preferences", JSON, nullable=False),
    Column("monitors", JSON),  # ids a person is limited to; null is all
    Column("private", Boolean, nullable=False),  # may read direct messages
    Column("made_up", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("email"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    workspace_column(),
    reference("user_id", "users.id", cascade=True),
    Column("kind", String(10), nullable=False),  # browser or api
    Column("name", String(200), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment),
)

log_in_attempts = Table(
    "log_in_attempts",
    metadata,
    Column("id", GrowingId, primary_key=True),
    workspace_column(),
    Column("subject", String(400), nullable=False),  # keyed hash of the e-mail or the address
    Column("at", Moment, nullable=False),
    Index(None, "subject", "at"),
)

# --- where posts come from ---------------------------------------------------------------------------------

sources = Table(
    "sources",
    metadata,
    id_column(),
    workspace_column(),
    Column("kind", String(40), nullable=False),
    Column("name", String(200), nullable=False),
    Column("options", JSON, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("cursor", Text, nullable=False),
    Column("state", String(20), nullable=False),  # new running waiting stopped failed finished
    Column("error_kind", String(60)),
    Column("error", Text),
    Column("retry_at", Moment),
    Column("last_success", Moment),
    Column("last_post", Moment),
    Column("collected", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("quota", JSON),  # what the platform still lets us ask
)

source_activity = Table(
    "source_activity",
    metadata,
    workspace_column(),
    Column("source_id", String(32), nullable=False),
    Column("slot", Moment, nullable=False),  # start of the half hour
    Column("posts", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    PrimaryKeyConstraint("source_id", "slot"),
)

rejects = Table(
    "rejects",
    metadata,
    Column("id", GrowingId, primary_key=True),
    workspace_column(),
    Column("source_id", String(32), nullable=False, index=True),
    Column("where", String(400), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("code", String(60)),  # the reason and its parameters, for the catalogue of messages
    Column("params", JSON),
)

source_secrets = Table(  # what is typed for a source, or made for it, and must not lie open
    "source_secrets",
    metadata,
    Column("source_id", String(32), primary_key=True),
    workspace_column(),
    Column("secret", LargeBinary, nullable=False),  # encrypted
)

deliveries = Table(  # what was handed over to a webhook lately, by its id and by its signature
    "deliveries",
    metadata,
    Column("source_id", String(32), primary_key=True),
    Column("mark", String(80), primary_key=True),
    workspace_column(),
    Column("digest", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "source_id", "at"),
)

refusals = Table(  # what a webhook did not take, by kind
    "refusals",
    metadata,
    Column("source_id", String(32), primary_key=True),
    Column("kind", String(40), primary_key=True),
    workspace_column(),
    Column("times", BigInteger, nullable=False),
    Column("at", Moment, nullable=False),  # the last time
)

gaps = Table(  # stretches of which a platform may not have given us everything
    "gaps",
    metadata,
    Column("id", GrowingId, primary_key=True),
    workspace_column(),
    Column("source_id", String(32), nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("reason", String(40), nullable=False),
    Index(None, "workspace", "until"),
)

caps = Table(  # how many posts may be read in a month: for one monitor, or with an empty one on the whole platform
    "caps",
    metadata,
    Column("workspace", String(32), primary_key=True),
    Column("platform", String(40), primary_key=True),
    Column("monitor", String(32), primary_key=True),
    Column("posts", BigInteger, nullable=False),
)

spending = Table(  # how many posts were read, by day of UTC
    "spending",
    metadata,
    Column("workspace", String(32), primary_key=True),
    Column("platform", String(40), primary_key=True),
    Column("monitor", String(32), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("posts", BigInteger, nullable=False),
)

accounts = Table(  # our own accounts on platforms, with which we answer
    "accounts",
    metadata,
    id_column(),
    workspace_column(),
    Column("platform", String(40), nullable=False),
    Column("base_url", Text, nullable=False),
    Column("handle", String(300), nullable=False),
    Column("native_id", String(300), nullable=False),
    Column("secret", LargeBinary, nullable=False),  # encrypted
    Column("state", String(20), nullable=False),  # connected or failed
    Column("error", Text),
    Column("checked_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("renewing_until", Moment),  # somebody asks for a new token, and nobody else does before then
    UniqueConstraint("workspace", "platform", "native_id"),
)

sign_ins = Table(  # people who are on their way to a platform and back
    "sign_ins",
    metadata,
    Column("state_hash", String(64), primary_key=True),
    workspace_column(),
    reference("user_id", "users.id", cascade=True),
    Column("session", String(12), nullable=False),
    Column("platform", String(40), nullable=False),
    Column("base_url", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # encrypted: the app and the verifier
    Column("expires_at", Moment, nullable=False),
)

sign_in_apps = Table(  # our apps on platforms, by which people sign in
    "sign_in_apps",
    metadata,
    Column("workspace", String(32), primary_key=True),
    Column("platform", String(40), primary_key=True),
    Column("base_url", String(300), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),  # encrypted
)

monitors = Table(
    "monitors",
    metadata,
    id_column(),
    workspace_column(),
    Column("name", String(200), nullable=False),
    Column("query", Text, nullable=False),
    Column("brand", String(200), nullable=False),
    Column("own", Boolean, nullable=False),  # own brand, else a competitor
    Column("platforms", JSON, nullable=False),
    Column("languages", JSON, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("opens_cases", Boolean, nullable=False),
    Column("made_up", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

rules = Table(  # what happens to a mention; conditions and actions are checked structs in crm.policies.rules
    "rules",
    metadata,
    id_column(),
    workspace_column(),
    Column("name", String(200), nullable=False),
    Column("position", Integer, nullable=False),
    Column("query", Text, nullable=False),
    Column("actions", JSON, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
)

jobs = Table(  # long work asked for by a person: a monitor's run over the index, an import, loading the demo
    "jobs",
    metadata,
    id_column(),
    workspace_column(),
    Column("kind", String(40), nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("state", String(20), nullable=False),  # waiting running done failed
    Column("cursor", Text, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger),
    Column("error", Text),
    Column("leased_until", Moment),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

# --- the work ----------------------------------------------------------------------------------------------

cases = Table(
    "cases",
    metadata,
    id_column(),
    workspace_column(),
    Column("number", Integer, nullable=False),
    Column("thread_key", String(600), nullable=False),
    Column("title", String(300), nullable=False),
    Column("status", String(20), nullable=False),  # new open waiting resolved
    Column("priority", String(10), nullable=False),  # low normal high urgent
    Column("platform", String(40), nullable=False),
    Column("language", String(10), nullable=False),
    Column("sentiment", String(10), nullable=False),  # empty when unsure
    Column("author_key", String(400), nullable=False),
    Column("author_name", String(300), nullable=False),
    Column("preview", String(400), nullable=False),
    Column("post_key", String(400), nullable=False),  # the newest post by the customer
    Column("monitors", JSON, nullable=False),
    Column("customer_id", String(32)),
    Column("assignee_id", String(32)),
    Column("made_up", Boolean, nullable=False),
    Column("private", Boolean, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("last_post_at", Moment, nullable=False),  # by the customer
    Column("posts", Integer, nullable=False),  # how many that want an answer came so far
    Column("first_answer_at", Moment),
    Column("due_at", Moment),  # when the next answer is due; null when nobody waits
    Column("snoozed_until", Moment),
    Column("resolved_at", Moment),
    Column("version", Integer, nullable=False),
    UniqueConstraint("workspace", "thread_key"),
    UniqueConstraint("workspace", "number"),
    Index(None, "workspace", "status", "due_at"),
    Index(None, "workspace", "author_key"),
    Index(None, "workspace", "assignee_id", "status"),
    Index(None, "snoozed_until"),
)

thread_joins = Table(  # a thread's key that turned out to be part of another thread
    "thread_joins",
    metadata,
    workspace_column(),
    Column("thread_key", String(600), nullable=False),
    Column("joined_to", String(600), nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("workspace", "thread_key"),
    Index(None, "workspace", "joined_to"),
)

kept_posts = Table(  # the posts that belong to a case or an idea, so that work never loses its ground
    "kept_posts",
    metadata,
    workspace_column(),
    Column("post_key", String(400), nullable=False),
    Column("thread_key", String(600), nullable=False),
    Column("author_key", String(400), nullable=False),
    Column("posted_at", Moment, nullable=False),
    Column("own", Boolean, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("document", LargeBinary, nullable=False),
    PrimaryKeyConstraint("workspace", "post_key"),
    Index(None, "workspace", "thread_key", "posted_at"),
    Index(None, "workspace", "author_key"),
)

case_events = Table(  # what is shown between the posts of a thread: assignments, statuses, rules
    "case_events",
    metadata,
    Column("id", GrowingId, primary_key=True),
    workspace_column(),
    reference("case_id", "cases.id", cascade=True),
    Column("actor", String(60), nullable=False),  # a user's id, or rule:ID, or system
    Column("kind", String(40), nullable=False),
    Column("detail", JSON, nullable=False),
    Column("version", Integer, nullable=False),  # the case's, after this event
    Column("at", Moment, nullable=False),
)

notes = Table(
    "notes",
    metadata,
    id_column(),
    workspace_column(),
    reference("case_id", "cases.id", cascade=True),
    Column("author_id", String(32), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

tags = Table(
    "tags",
    metadata,
    id_column(),
    workspace_column(),
    Column("name", String(100), nullable=False),
    UniqueConstraint("workspace", "name"),
)

case_tags = Table(
    "case_tags",
    metadata,
    workspace_column(),
    reference("case_id", "cases.id", cascade=True),
    reference("tag_id", "tags.id", cascade=True),
    PrimaryKeyConstraint("case_id", "tag_id"),
)

unread = Table(
    "unread",
    metadata,
    workspace_column(),
    reference("case_id", "cases.id", cascade=True),
    Column("user_id", String(32), nullable=False),
    Column("seen_posts", Integer, nullable=False),  # of the case's posts
    PrimaryKeyConstraint("case_id", "user_id"),
)

presence = Table(
    "presence",
    metadata,
    workspace_column(),
    reference("case_id", "cases.id", cascade=True),
    Column("user_id", String(32), nullable=False),
    Column("typing", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("case_id", "user_id"),
)

templates = Table(
    "templates",
    metadata,
    id_column(),
    workspace_column(),
    Column("shortcut", String(60), nullable=False),
    Column("title", String(200), nullable=False),
    Column("text", Text, nullable=False),
    Column("language", String(10), nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("made_up", Boolean, nullable=False),
    UniqueConstraint("workspace", "shortcut"),
)

views = Table(
    "views",
    metadata,
    id_column(),
    workspace_column(),
    Column("user_id", String(32)),  # null is shared by the workspace
    Column("name", String(200), nullable=False),
    Column("filter", JSON, nullable=False),
)

replies = Table(
    "replies",
    metadata,
    id_column(),
    workspace_column(),
    reference("case_id", "cases.id"),
    Column("answer_to", String(400), nullable=False),  # a post's key
    Column("account_id", String(32)),
    Column("way", String(20), nullable=False),  # reply quote dm open
    Column("text", Text, nullable=False),
    Column("language", String(10), nullable=False),
    Column("status", String(20), nullable=False),  # proposed draft approved sending sent failed unknown cancelled
    Column("author_id", String(32), nullable=False),
    Column("approver_id", String(32)),
    Column("native_id", String(400)),
    Column("url", Text),
    Column("error", Text),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("asked_at", Moment),  # when its author asked for approval
    Column("approved_at", Moment),
    Column("sent_at", Moment),
    Column("version", Integer, nullable=False),
    Column("error_kind", String(60)),  # the class of the error
    Column("as_thread", Boolean, nullable=False, server_default=false()),  # may go out as several posts
    Column("whole", Text),  # of the first of several posts: the text before it was cut
    Column("follows", String(32)),  # the reply that must be out before this part of it is sent
    Index(None, "workspace", "status"),
    Index(None, "follows"),
)

reply_files = Table(
    "reply_files",
    metadata,
    id_column(),
    workspace_column(),
    reference("reply_id", "replies.id", cascade=True),
    Column("position", Integer, nullable=False),
    Column("name", String(200), nullable=False),
    Column("kind", String(60), nullable=False),  # the media type
    Column("size", Integer, nullable=False),
    Column("alt", Text, nullable=False),  # what it shows, in words
    Column("content", LargeBinary, nullable=False),  # empty, once it had its time
    Index(None, "reply_id", "position", unique=True),
)

outbox = Table(
    "outbox",
    metadata,
    Column("key", String(64), primary_key=True),  # what the platform is told, so that it is sent at most once
    workspace_column(),
    reference("reply_id", "replies.id"),
    Column("not_before", Moment, nullable=False),
    Column("leased_until", Moment),
    Column("lease_owner", String(64)),
    Column("attempts", Integer, nullable=False),
    Column("started", Boolean, nullable=False),  # a send may have left this machine
    Column("first_attempt", Moment),
    Column("created_at", Moment, nullable=False),
    Column("done_at", Moment),
    Index(None, "done_at", "not_before"),
    UniqueConstraint("reply_id"),
)

acts = Table(  # what we did to posts of others on their platforms; undone by setting undone_at
    "acts",
    metadata,
    workspace_column(),
    Column("post_key", String(400), nullable=False),
    Column("act", String(10), nullable=False),  # like or hide
    Column("account_id", String(32), nullable=False),
    Column("actor", String(60), nullable=False),
    Column("at", Moment, nullable=False),
    Column("undone_at", Moment),
    Column("native_id", String(400), nullable=False, server_default=""),  # of the account, on its platform
    Column("changes", Integer, nullable=False, server_default="1"),
    PrimaryKeyConstraint("workspace", "post_key", "act"),
)

# --- customers ---------------------------------------------------------------------------------------------

customers = Table(
    "customers",
    metadata,
    id_column(),
    workspace_column(),
    Column("name", String(300), nullable=False),
    Column("email", String(320)),
    Column("phone", String(40)),
    Column("value", Float),  # in the workspace's currency over twelve months
    Column("since", Moment),
    Column("vip", Boolean, nullable=False),
    Column("fields", JSON, nullable=False),
    Column("made_up", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index(None, "workspace", "email"),
    Index(None, "workspace", "phone"),
)

identities = Table(  # an author tied to a customer, with its evidence; undone by setting undone_at
    "identities",
    metadata,
    id_column(),
    workspace_column(),
    reference("customer_id", "customers.id", cascade=True),
    Column("author_key", String(400), nullable=False),
    Column("handle", String(300), nullable=False),
    Column("evidence", String(40), nullable=False),  # account link email phone person list likeness
    Column("detail", String(400), nullable=False),
    Column("confidence", Float, nullable=False),
    Column("actor", String(60), nullable=False),
    Column("at", Moment, nullable=False),
    Column("undone_at", Moment),
    Column("before", JSON),  # whose those of the author's cases were that were somebody's when the tie was made
    Index(None, "workspace", "author_key"),
)

customer_keys = Table(  # under which a customer is found by likeness, see crm.policies.blocking
    "customer_keys",
    metadata,
    workspace_column(),
    Column("key", BigInteger, nullable=False),
    reference("customer_id", "customers.id", cascade=True),
    PrimaryKeyConstraint("workspace", "key", "customer_id"),
)

dismissed_ties = Table(  # a person said that this author is not this customer
    "dismissed_ties",
    metadata,
    workspace_column(),
    Column("author_key", String(400), nullable=False),
    reference("customer_id", "customers.id", cascade=True),
    Column("actor", String(60), nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("workspace", "author_key", "customer_id"),
)

topics = Table(  # themes found in the posts of a monitor
    "topics",
    metadata,
    id_column(),
    workspace_column(),
    reference("monitor_id", "monitors.id", cascade=True),
    Column("name", String(120), nullable=False),  # what people call it; empty where they said nothing
    Column("words", JSON, nullable=False),
    Column("vector", LargeBinary, nullable=False),  # its middle, 32-bit floats
    Column("near", Float, nullable=False),  # cosine from which a post belongs to it
    Column("posts", Integer, nullable=False),
    Column("theme_id", String(32)),
    Column("state", String(10), nullable=False),  # live or gone
    Column("hidden", Boolean, nullable=False),
    Column("found_at", Moment, nullable=False),
    Column("refreshed_at", Moment, nullable=False),
    Index(None, "workspace", "monitor_id"),
)

topic_events = Table(  # what became of a topic: new, merged, split, renamed, hidden, gone
    "topic_events",
    metadata,
    id_column(),
    workspace_column(),
    reference("topic_id", "topics.id", cascade=True),
    Column("kind", String(20), nullable=False),
    Column("other", String(32)),
    Column("detail", Text, nullable=False),
    Column("actor", String(60), nullable=False),
    Column("at", Moment, nullable=False),
)

themes = Table(  # words by which people look for a topic of a monitor
    "themes",
    metadata,
    id_column(),
    workspace_column(),
    reference("monitor_id", "monitors.id", cascade=True),
    Column("words", JSON, nullable=False),
    Column("actor", String(60), nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "workspace", "monitor_id"),
)

ideas = Table(
    "ideas",
    metadata,
    id_column(),
    workspace_column(),
    Column("title", JSON, nullable=False),  # per language
    Column("status", String(20), nullable=False),
    Column("made_up", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
)

idea_posts = Table(
    "idea_posts",
    metadata,
    workspace_column(),
    reference("idea_id", "ideas.id", cascade=True),
    Column("post_key", String(400), nullable=False),
    PrimaryKeyConstraint("idea_id", "post_key"),
)

corrections = Table(
    "corrections",
    metadata,
    id_column(),
    workspace_column(),
    Column("post_key", String(400), nullable=False),
    Column("task", String(20), nullable=False),
    Column("value", String(40), nullable=False),
    Column("user_id", String(32), nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("workspace", "post_key", "task"),
)

answers = Table(  # every answer that a person gave, beside what the model had said: what quality is judged by
    "answers",
    metadata,
    id_column(),
    workspace_column(),
    Column("post_key", String(400), nullable=False),
    Column("task", String(20), nullable=False),
    Column("value", String(200), nullable=False),
    Column("said", String(200)),  # null where the model abstained
    Column("model", String(100), nullable=False),
    Column("language", String(20)),
    Column("length", Integer, nullable=False),  # characters of the post
    Column("bands", Text, nullable=False),  # what posts of the same words share; empty for a few words
    Column("followers", BigInteger),
    Column("user_id", String(32), nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "workspace", "task"),
)

heads = Table(  # what a workspace's own answers added to a model, version by version
    "heads",
    metadata,
    id_column(),
    workspace_column(),
    Column("task", String(20), nullable=False),
    Column("number", Integer, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("encoder", String(60), nullable=False),  # whose vectors it was learned on
    Column("weights", LargeBinary, nullable=False),  # 32-bit floats, (labels, dimensions + 1)
    Column("taught", Integer, nullable=False),
    Column("kept", Integer, nullable=False),
    Column("right", Integer, nullable=False),
    Column("before", Integer, nullable=False),
    Column("state", String(10), nullable=False),  # live, pilot, retired or refused
    Column("at", Moment, nullable=False),
    Index(None, "workspace", "task"),
)

# --- what keeps the rest honest ----------------------------------------------------------------------------

tombstones = Table(
    "tombstones",
    metadata,
    workspace_column(),
    Column("digest", String(64), nullable=False),  # keyed hash of a post's or author's key
    Column("kind", String(10), nullable=False),  # post or author
    Column("reason", String(20), nullable=False),  # erased or platform
    Column("at", Moment, nullable=False),
    Column("expires_at", Moment),
    PrimaryKeyConstraint("workspace", "digest"),
)

receipts = Table(  # erasures: how far each one is, and the signed receipt that names nobody once it is done
    "receipts",
    metadata,
    id_column(),
    workspace_column(),
    Column("actor", String(60), nullable=False),
    Column("at", Moment, nullable=False),
    Column("step", Integer, nullable=False),  # of crm.records.receipts.STEPS, how many are done
    Column("receipt", Text),  # JSON; null until it is done
    Index(None, "workspace", "id"),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    id_column(),
    workspace_column(),
    Column("topic", String(100), nullable=False),
    Column("group", String(100), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("key", String(400), nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("error_kind", String(100), nullable=False),
    Column("error", Text, nullable=False),
    Column("schema", Integer),
    Column("failed_at", Moment, nullable=False),
    Column("replayed_at", Moment),
    Index(None, "key"),
    Index(None, "failed_at"),
)

audit = Table(  # opaque ids and a salted commitment; the details stand apart and can be erased
    "audit",
    metadata,
    Column("id", GrowingId, primary_key=True),
    workspace_column(),
    Column("actor", String(60), nullable=False),
    Column("action", String(60), nullable=False),
    Column("subject", String(60), nullable=False),
    Column("commitment", String(64), nullable=False),
    Column("at", Moment, nullable=False),
)

audit_details = Table(
    "audit_details",
    metadata,
    Column("audit_id", BigInteger, primary_key=True, autoincrement=False),
    workspace_column(),
    Column("salt", String(64), nullable=False),
    Column("detail", JSON, nullable=False),
)

audit_seals = Table(  # the chain: the sealer's own order over rows that were committed
    "audit_seals",
    metadata,
    Column("position", GrowingId, primary_key=True),
    workspace_column(),
    Column("audit_id", BigInteger, nullable=False, unique=True),
    Column("mac", String(64), nullable=False),
)

changes = Table(  # what the console watches
    "changes",
    metadata,
    Column("id", GrowingId, primary_key=True),
    workspace_column(),
    Column("kind", String(20), nullable=False),
    Column("subject", String(400), nullable=False),
    Column("at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

roles = Table(  # the last word of each running process
    "roles",
    metadata,
    workspace_column(),
    Column("name", String(40), primary_key=True),
    Column("state", String(20), nullable=False),
    Column("stats", JSON, nullable=False),
    Column("at", Moment, nullable=False),
)

secrets = Table(  # random salts that belong to the data; keys that encrypt stay in the key file
    "secrets",
    metadata,
    Column("name", String(60), primary_key=True),
    workspace_column(),
    Column("value", LargeBinary, nullable=False),
)
