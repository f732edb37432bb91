"""What a source of Reddit looks at: which pages, for whom, and how far back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC

from msgspec import Struct, structs

from collectors.moments import DateError, moment
from collectors.reddit.api import INBOX, SENT, new_paths, own_path, search_params, search_path
from collectors.reddit.search import asked
from crm.platforms.reddit import user_of
from crm.ports.source import CantBeAskedError, Job, Option, Problem, Search
from crm.query import Subject, compile_matcher
from crm.query.tree import Field, Node
from crm.query.widen import widened
from crm.text import overheard, searchable
from crm.words import Origin, Post, content_id

ALL, SEARCH, NEW, INBOX_ONLY = CHOICES = ("all", "search", "new", "inbox")
OPTIONS: tuple[Option, ...] = (
    Option("account", "account", required=True),
    Option("collect", "choice", default=ALL, choices=CHOICES),
    Option("subreddits", "list"),
    Option("monitors", "monitors"),
    Option("since", "text"),
)
MOST_COMMUNITIES = 50
"""Communities in one address; Reddit's own bound is not documented."""
SEARCH_ENDS, LISTING_ENDS = 230, 950
"""So many things and no next page: the listing was cut, and was not all there is."""
_COMMUNITY = re.compile(r"[A-Za-z0-9_]{2,21}")


class Strand(Struct, frozen=True):
    """One listing that is looked at, by its own place in the cursor.

    `ends` is where Reddit cuts it. `ours` says that all it brings concerns us, `unfold` that its threads are fetched;
    of the others it is what a monitor may look for. `communities` are those that are looked at together.
    """

    key: str
    path: str
    params: Mapping[str, str | int] = {}
    monitor: str = ""
    ends: int = LISTING_ENDS
    ours: bool = False
    unfold: bool = False
    origin: Origin = "stream"
    communities: tuple[str, ...] = ()

    def halves(self) -> list[Strand]:
        """The same for some of the communities each; empty where there is only one, or none."""
        if len(self.communities) < 2:
            return []
        middle = len(self.communities) // 2
        return [self._of(some) for some in (self.communities[:middle], self.communities[middle:])]

    def _of(self, communities: tuple[str, ...]) -> Strand:
        joined = "+".join(communities)
        path = self.path.replace("+".join(self.communities), joined, 1)
        key = path if self.key == self.path else f"{self.key.partition('@')[0]}@{joined}"
        return structs.replace(self, key=key, path=path, communities=communities)


def communities_of(options: Mapping[str, str]) -> list[str]:
    """The names of an option's list, without their ``r/``."""
    names = re.split(r"[,،\s]+", options.get("subreddits", ""))
    return [name for one in names if (name := one.strip().strip("/").removeprefix("r/"))]


def since_of(options: Mapping[str, str]) -> float | None:
    """Where a back-fill begins, in seconds since 1970. Raises DateError."""
    said = options.get("since", "").strip()
    return moment(said, UTC).timestamp() if said else None


def strands(job: Job) -> list[Strand]:
    """What to look at; a monitor that Reddit can't be asked is left to the other strands."""
    chosen = job.options.get("collect", "").strip() or ALL
    communities = communities_of(job.options)
    found: list[Strand] = []
    if chosen in (ALL, INBOX_ONLY):
        found.append(Strand("inbox", INBOX, ours=True, unfold=True, origin="addressed"))
        # what was answered on Reddit itself belongs to its threads as well
        if job.account and (user := user_of(job.account.handle)):
            found.append(Strand("own", own_path(user), {"sort": "new"}, ours=True))
        found.append(Strand("sent", SENT, ours=True))
    if chosen in (ALL, NEW) and communities:
        found += [Strand(path, path, communities=tuple(communities)) for path in new_paths(communities)]
    if chosen in (ALL, SEARCH):
        found += _searches(job, communities)
    return found


def _searches(job: Job, communities: list[str]) -> Iterator[Strand]:
    path = search_path(communities)
    for search in job.searches:
        try:
            texts = asked(search.query).texts
        except CantBeAskedError:
            continue
        for text in texts:
            # a changed query is another strand, and looks back from the start
            key = f"search/{search.monitor}/{content_id(path, text)[:12]}"
            params, named = search_params(text, communities), tuple(communities)
            yield Strand(key, path, params, search.monitor, SEARCH_ENDS, communities=named)


def concerning(searches: Sequence[Search]) -> Callable[[Post], bool]:
    """Whether a post may be what a monitor looks for, judged by its words and its author alone."""
    found = [widened(search.query, _early).query for search in searches]
    matchers = [compile_matcher(query) for query in found if query is not None]

    def concerns(post: Post) -> bool:
        subject = Subject.new(post, overheard(searchable(post)))
        return any(matches(subject) for matches in matchers)

    return concerns


def _early(node: Node) -> bool:
    return not isinstance(node, Field) or node.name in ("author", "platform")


def problems(options: Mapping[str, str]) -> list[Problem]:
    """What is wrong with the options."""
    found = [] if options.get("account", "").strip() else [Problem("account", "required", "account is missing.")]
    chosen, communities = options.get("collect", "").strip() or ALL, communities_of(options)
    if chosen not in CHOICES:
        message = f"{chosen!r} is no choice; choose one of {', '.join(CHOICES)}."
        found.append(Problem("collect", "bad_choice", message, {"value": chosen, "choices": ", ".join(CHOICES)}))
    if chosen == NEW and not communities:
        found.append(Problem("subreddits", "required", "subreddits is missing: name at least one."))
    if len(communities) > MOST_COMMUNITIES:
        message = f"{len(communities)} subreddits are named; {MOST_COMMUNITIES} are possible."
        found.append(Problem("subreddits", "too_many", message, {"limit": str(MOST_COMMUNITIES)}))
    for name in communities:
        if not _COMMUNITY.fullmatch(name):
            message = f"{name!r} is no name of a subreddit."
            found.append(Problem("subreddits", "bad_subreddit", message, {"value": name}))
    try:
        since_of(options)
    except DateError as error:
        value = options.get("since", "")
        found.append(Problem("since", "bad_date", f"since can't be read: {error}.", {"value": value}))
    return found
