"""Platforms where a person answers."""

from __future__ import annotations

import pytest

from crm.errors import PermanentError
from crm.ports.responder import Account, SendOrder
from responders.manual import ManualResponder
from tests.conformance.responder import NOW, customer_post

ACCOUNT = Account("instagram", "azarbank", "https://instagram.com", "")
POST = customer_post("instagram", "1", "https://instagram.com/p/1", "customer")


def test_only_the_platform_s_own_page_is_open():
    responder = ManualResponder("instagram")
    (rule,) = responder.how(POST, ACCOUNT).allowed
    assert (responder.platform, rule.way, rule.url, rule.rule) == ("instagram", "open", POST.url, "on_platform")
    assert (responder.count("سلام 👋🏽").used, responder.count("").limit) == (6, None)


def test_nothing_is_ever_sent():
    order = SendOrder("outbox-1", ACCOUNT, "open", "hi", POST.key, POST.url, NOW)
    with pytest.raises(PermanentError, match="by a person"):
        ManualResponder("instagram").send(order)
    assert ManualResponder("instagram").find(order) is None
    assert not ManualResponder("instagram").check(ACCOUNT).ok
