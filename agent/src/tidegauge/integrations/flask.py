"""Flask: who asks is read from a request's headers.

Tidegauge(app, agent)                              # or, with an application factory,
gauge = Tidegauge(agent=agent); gauge.init_app(app)
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tidegauge.agent import Agent
from tidegauge.errors import UsageError
from tidegauge.integrations.headers import HeaderNames, enter

if TYPE_CHECKING:
    from flask import Flask

_LEAVE = "_tidegauge_leave"


class Tidegauge:
    """Says for all predictions within a request who asked for them; nothing of the request or its response changes.

    What a streamed response predicts after its view has returned is outside: Flask has ended the request by then.
    """

    def __init__(
        self,
        app: Flask | None = None,
        agent: Agent | None = None,
        *,
        consumer_header: str | None = "X-Consumer",
        id_header: str | None = None,
        batch_header: str | None = None,
    ) -> None:
        """`id_header` gives the prediction id of a request that predicts one row: records leave the host then. None: no header does."""
        self.agent = agent
        self._names = HeaderNames(consumer_header, id_header, batch_header)
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask, agent: Agent | None = None) -> None:
        """Begin with an application; several may share one extension. `agent` is the extension's unless given."""
        agent = agent or self.agent
        if agent is None:
            raise UsageError("Tidegauge.init_app: no agent: give it here or to Tidegauge(agent=…)")
        app.extensions["tidegauge"] = self
        app.before_request_funcs.setdefault(None, []).insert(0, partial(self._before, agent))
        app.teardown_request(self._after)

    def _before(self, agent: Agent) -> None:
        from flask import g, request  # noqa: PLC0415 - the host has loaded it

        g.setdefault(_LEAVE, []).append(enter(agent, self._names, request.headers.get))

    def _after(self, error: BaseException | None) -> None:  # noqa: ARG002 - Flask's signature
        from flask import g  # noqa: PLC0415 - the host has loaded it

        for leave in reversed(g.pop(_LEAVE, [])):
            leave()
