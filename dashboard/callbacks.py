"""Callbacks beside the component they serve, without Dash's process-wide registry.

``@callback(Output(...), Input(...))`` remembers a plain function; :func:`attach` hands all of
them to one Dash app, so several apps can live in one process (tests do that). The function
stays callable as it is. It runs in a thread, because a plain ``def`` would otherwise hold up
the event loop, and an error of the project becomes a toast instead of a broken page. With
``prevent_initial_call`` a button that was never pressed and a store that was never written don't
fire, even when they are inserted later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar

from dash import ClientsideFunction, Dash, ctx, no_update, set_props
from dash.exceptions import PreventUpdate

from crm.errors import ShenavaError
from dashboard.components.toast import failure

_log = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")


class Registered(NamedTuple):
    """One callback waiting for an app."""

    function: Any
    dependencies: tuple[object, ...]
    options: dict[str, object]


_registered: list[Registered] = []
_clientside: list[Registered] = []


def callback(*dependencies: object, **options: object) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Register a callback; arguments are those of ``dash.callback``, the function is returned unchanged."""

    def remember(function: Callable[P, R]) -> Callable[P, R]:
        _registered.append(Registered(function, dependencies, options))
        return function

    return remember


def clientside(namespace: str, function: str, *dependencies: object, **options: object) -> None:
    """Register a function of an asset, ``window.dash_clientside.<namespace>.<function>``, as a callback."""
    _clientside.append(Registered(ClientsideFunction(namespace, function), dependencies, options))


def attach(app: Dash) -> None:
    """Give every remembered callback to `app`."""
    for entry in _clientside:
        app.clientside_callback(entry.function, *entry.dependencies, **entry.options)
    for entry in _registered:
        guarded = bool(entry.options.get("prevent_initial_call"))
        app.callback(*entry.dependencies, **entry.options)(_in_thread(entry.function, guarded))


def _nothing_happened() -> bool:
    # Dash fires a callback when its inputs are inserted by another one, whatever prevent_initial_call says.
    return all(one["prop_id"].endswith((".n_clicks", ".data")) and one["value"] is None for one in ctx.triggered)


def _in_thread(function: Callable[..., object], guarded: bool) -> Callable[..., Any]:
    @wraps(function)
    async def run(*args: object, **kwargs: object) -> object:
        if guarded and _nothing_happened():
            raise PreventUpdate
        try:
            return await asyncio.to_thread(function, *args, **kwargs)
        except PreventUpdate:
            raise
        except Exception as error:
            # Dash answers with a bare 500 and logs nothing, so a fault of ours would leave no trace.
            if not isinstance(error, ShenavaError):
                _log.exception("The callback %s.%s failed.", function.__module__, function.__qualname__)
            set_props("toast", {"data": failure(error)})
            # PreventUpdate would be answered with an empty 204, and the toast would be lost with it.
            return no_update

    return run
