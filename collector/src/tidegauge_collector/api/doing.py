"""What people can have done in a page: the same pieces that answer POST, PUT and DELETE of the REST API, asked in process."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from tidegauge_collector.api.alerts import AlertActions
from tidegauge_collector.api.bodies import done
from tidegauge_collector.api.channels import ChannelRoutes
from tidegauge_collector.api.deletions import requester_of
from tidegauge_collector.api.monitors import MonitorRoutes
from tidegauge_collector.api.query import NotFound
from tidegauge_collector.api.scope import Json
from tidegauge_collector.api.silences import SilenceRoutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """Call it with the request in whose name something is to be done, and with what REST would be asked."""

    actions: AlertActions
    silences: SilenceRoutes
    channels: ChannelRoutes
    monitors: MonitorRoutes

    async def __call__(self, request: web.Request, method: str, path: str, body: Mapping[str, Any]) -> Json:
        """The JSON value of the answer; raises aiohttp's errors with a JSON body."""
        found: Json = await done(self._work(requester_of(request), method, path, body))
        return found

    def _work(self, asking: str, method: str, path: str, body: Mapping[str, Any]) -> Awaitable[Json]:
        parts = [unquote(part) for part in path.removeprefix("/api/v1/").split("/")]
        match method, parts:
            case "POST", ["alerts", number, action]:
                return self.actions.act(number, action, body, asking)
            case "POST", ["silences"]:
                return self.silences.begin(body, asking)
            case "DELETE", ["silences", silence]:
                return self.silences.stop(silence, body, asking)
            case "POST", ["channels", channel, "test"]:
                return self.channels.try_out(channel)
            case "POST", ["channels", channel, "resume"]:
                return self.channels.go_on(channel)
            case "POST", ["deliveries", delivery, "resend"]:
                return self.channels.send_again(delivery)
            case "POST", ["monitors", "plan"]:
                return self.monitors.planned(body)
            case "POST", ["monitors", "backtest"]:
                return self.monitors.tried(body)
            case "PUT", ["monitors", monitor]:
                return self.monitors.define(monitor, body, asking)
            case "PUT", ["objectives", objective]:
                return self.monitors.define(objective, body, asking, is_objective=True)
            case "DELETE", ["objectives", objective]:
                return self.monitors.undefine_objective(objective, asking)
        raise NotFound(f"{method} {path} is nothing that pages do")
