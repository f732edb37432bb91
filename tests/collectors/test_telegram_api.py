"""What a messenger says before anything is read: a webhook elsewhere, or a page of something on the way."""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from collectors.errors import BusyServerError
from collectors.telegram import BaleSource, TelegramSource
from collectors.telegram.api import Bot
from collectors.telegram.normalise import TELEGRAM
from crm.ports.responder import Account
from crm.ports.source import Probing
from shenava.transport import Guard, OutboundTransport
from tests.conformance.doubles import ManualClock
from tests.services.telegram import TOKEN, BotApi, refused
from tests.services.web import Answer, web


def test_a_page_at_the_messenger_s_own_address_is_of_something_on_the_way() -> None:
    with web(lambda _: Answer(200, b"<html>")) as running:
        platform = msgspec.structs.replace(TELEGRAM, base=running.url)
        transport = OutboundTransport(Guard(frozenset({running.host})))
        bot = Bot(platform, Account("telegram", "@azar_bot", "", TOKEN), transport, ManualClock())
        with pytest.raises(BusyServerError):
            bot.me()


@pytest.mark.parametrize("kind", [TelegramSource, BaleSource])
def test_a_webhook_elsewhere_is_told_without_its_secret(kind: type[TelegramSource | BaleSource]) -> None:
    source = kind(Random(1))
    server = BotApi(bale=source.kind == "bale")
    with web(server.handle) as running:
        transport = OutboundTransport(Guard(frozenset({running.host})))
        bot = Account(source.kind, "azar_bot", running.url, TOKEN)
        assert isinstance(source, Probing)
        assert source.probe(bot, transport, ManualClock()) is None
        server.webhook = "https://elsewhere.example:8443/hook/with-a-secret"
        found = source.probe(bot, transport, ManualClock())
        assert found is not None
        assert "to https://elsewhere.example (a webhook)" in found.what
        assert "deleteWebhook" in found.mend
        server.instead["getWebhookInfo"] = [refused(404, "Not Found")]
        assert source.probe(bot, transport, ManualClock()) is None
