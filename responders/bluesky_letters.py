"""Direct messages of a signed-in Bluesky account, through the chat service behind its server.

The service recognises no key of ours, so a message whose outcome is unknown is looked for among our own of the same
words since its order was made. Source: the lexicons chat.bsky.convo.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from atproto_client import models
from atproto_client.client.raw import ClientRaw
from atproto_client.utils.facet_detection import detect_facets

from crm.errors import PermanentError
from crm.platforms.bluesky import CHAT
from crm.ports.clock import Clock
from crm.ports.responder import AnsweredPostGoneError, SendOrder, Sent
from responders.bluesky_repo import MissingError, reading, record_of, writing

MESSAGE = "bluesky:dm:"
"""Before ``conversation/message``, as the collector writes the keys of direct messages."""
PAGES, PER_PAGE = 10, 100
CLOCKS_APART = timedelta(minutes=5)


class Letters:
    """Sends and finds direct messages. Errors as in :class:`crm.ports.responder.Responder`."""

    def __init__(self, client: ClientRaw, did: str, clock: Clock) -> None:
        self._client, self._did, self._clock = client, did, clock

    def send(self, order: SendOrder) -> Sent:
        """Send the message into the conversation of the one that is answered, or to the author of a public post."""
        convo = self._conversation(order)
        message = models.ChatBskyConvoDefs.MessageInput(text=order.text, facets=[*detect_facets(order.text)] or None)
        data = models.ChatBskyConvoSendMessage.Data(convo_id=convo, message=message)
        try:
            with writing(self._clock):
                made = self._client.chat.bsky.convo.send_message(data, headers=dict(CHAT))
        except MissingError:
            raise AnsweredPostGoneError(order.answer_to) from None
        return self._sent(convo, made)

    def find(self, order: SendOrder) -> Sent | None:
        """Our message of the order's words since it was made; None where there is none."""
        convo = self._conversation(order)
        for message in self._own_since(convo, order.created_at - CLOCKS_APART):
            if message.text.strip() == order.text.strip():
                return self._sent(convo, message)
        return None

    def _conversation(self, order: SendOrder) -> str:
        """The conversation of the answered message, else the one with the author of the answered post."""
        if order.answer_to.startswith(MESSAGE):
            return order.answer_to.removeprefix(MESSAGE).partition("/")[0]
        author = record_of(order.answer_to)[0]
        params = models.ChatBskyConvoGetConvoForMembers.Params(members=[author])
        with reading(self._clock):
            found = self._client.chat.bsky.convo.get_convo_for_members(params, headers=dict(CHAT))
        return str(found.convo.id)

    def _own_since(self, convo: str, since: datetime) -> Iterator[models.ChatBskyConvoDefs.MessageView]:
        """Our messages in a conversation, the newest first."""
        cursor = None
        for _ in range(PAGES):
            params = models.ChatBskyConvoGetMessages.Params(convo_id=convo, limit=PER_PAGE, cursor=cursor)
            with reading(self._clock):
                page = self._client.chat.bsky.convo.get_messages(params, headers=dict(CHAT))
            for message in page.messages:
                if not isinstance(message, models.ChatBskyConvoDefs.MessageView):
                    continue
                if self._at(message) < since:
                    return
                if message.sender.did == self._did:
                    yield message
            cursor = page.cursor
            if not cursor or not page.messages:
                return
        raise PermanentError("Bluesky shows too many messages in this conversation; look there yourself.")

    def _sent(self, convo: str, message: models.ChatBskyConvoDefs.MessageView) -> Sent:
        return Sent(f"dm:{convo}/{message.id}", f"https://bsky.app/messages/{convo}", self._at(message))

    def _at(self, message: models.ChatBskyConvoDefs.MessageView) -> datetime:
        try:
            return datetime.fromisoformat(message.sent_at)
        except ValueError:
            return self._clock.now()
