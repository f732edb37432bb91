"""What a page at a messenger's own address means, where something on the way puts one there."""

from __future__ import annotations

import msgspec
import pytest

from collectors.errors import BusyServerError
from collectors.telegram.api import Bot
from collectors.telegram.normalise import TELEGRAM
from crm.ports.responder import Account
from shenava.transport import Guard, OutboundTransport
from tests.conformance.doubles import ManualClock
from tests.services.telegram import TOKEN
from tests.services.web import Answer, web


def test_a_page_at_the_messenger_s_own_address_is_of_something_on_the_way() -> None:
    with web(lambda _: Answer(200, b"<html>")) as running:
        platform = msgspec.structs.replace(TELEGRAM, base=running.url)
        transport = OutboundTransport(Guard(frozenset({running.host})))
        bot = Bot(platform, Account("telegram", "@azar_bot", "", TOKEN), transport, ManualClock())
        with pytest.raises(BusyServerError):
            bot.me()
