"""One template, one answer: the reader's language and theme, the way between the pages, and failures told as a page."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any

import jinja2
import structlog
from aiohttp import web
from markupsafe import Markup

from . import alerts, fleet, formats, limits, metrics, models, tabs, telling, watching, week
from .assets import Assets
from .catalogue import Text, load_text
from .failures import Problem, problem_of
from .forms import FORM, remembered
from .headers import SECURITY_HEADERS
from .language import LANGUAGES, choose_language, stated_language

log = structlog.get_logger(__name__)

Page = Callable[[web.Request], Awaitable[web.StreamResponse]]

NAVIGATION = (("fleet", "/"), ("alerts", "/alerts"), ("silences", "/silences"), ("channels", "/channels"))
"""The pages that every page leads to: the key of its name in the section `nav`, and its path."""

THEMES = ("auto", "light", "dark")
THEME_COOKIE = "theme"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Renderer:
    """Renders templates for a request."""

    templates: jinja2.Environment
    is_signed_in: Callable[[web.Request], bool] = lambda _: False
    may_act: Callable[[web.Request], bool] = lambda _: True

    def render(
        self,
        request: web.Request,
        template: str,
        *,
        status_code: int = 200,
        active: str = "",
        kept: Mapping[str, str] = MappingProxyType({}),
        **values: object,
    ) -> web.Response:
        """The page `template`; `active` is the entry of NAVIGATION that it belongs to, `kept` goes along when the language changes."""
        text = spoken(request)
        language = text.language
        stated = stated_language(request.query)
        html = self.templates.get_template(template).render(
            t=text,
            languages=[(code, str(request.rel_url.update_query(lang=code, **kept))) for code in LANGUAGES],
            lang=stated,
            at=partial(address, language=stated),
            here=str(request.rel_url),
            navigation=NAVIGATION,
            active=active,
            theme=theme_of(request),
            alert_link=partial(alerts.alert_link, language=stated),
            tab_path=partial(tab_address, language=stated),
            status_code=status_code,
            signed_in=self.is_signed_in(request),
            may_act=self.may_act(request),
            who=remembered(request),
            **values,
        )
        headers = {"Cache-Control": "no-store", "Vary": "Accept-Language", "Content-Language": language}
        return web.Response(text=html, status=status_code, content_type="text/html", headers=headers)

    def explained(self, page: Page) -> Page:
        """`page` with its failures told as a page in the reader's language: what happened, and what to do next."""

        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                return await page(request)
            except web.HTTPError as error:
                return self._failure(request, error.status, problem_of(error))
            except web.HTTPException:  # a redirect
                raise
            except Exception as problem:
                log.error("page.failed", path=request.path, problem=repr(problem), exc_info=True)
                return self._failure(request, 500, Problem("failed", type(problem).__name__))

        return answer

    def outermost(self) -> Any:
        """A middleware: a form that is refused before its page sees it (no right, a session that has ended) is told as a page too."""

        @web.middleware
        async def middleware(request: web.Request, handler: Page) -> web.StreamResponse:
            answer = await handler(request)
            is_form = request.method == "POST" and request.content_type == FORM
            if is_form and answer.status >= 400 and isinstance(answer, web.Response) and answer.content_type == JSON:
                page = self._failure(request, answer.status, problem_of(answer))
                page.headers.update(SECURITY_HEADERS)
                return page
            return answer

        return middleware

    def _failure(self, request: web.Request, status: int, problem: Problem) -> web.Response:
        where = request.match_info
        tab = where.get("tab", "")
        return self.render(
            request,
            "error.html",
            status_code=status,
            name=where.get("name", ""),
            alert=where.get("id", ""),
            tab=tab if tab and tab not in tabs.TABS else "",
            problem=problem,
        )


def spoken(request: web.Request) -> Text:
    """The catalogue of the language that whoever asks reads."""
    return load_text(choose_language(request.query.get("lang"), request.headers.get("Accept-Language", "")))


def theme_of(request: web.Request) -> str:
    """What the reader chose with the button of every page; `auto` follows the screen."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else "auto"


def address(path: str, *, language: str | None) -> str:
    """A path of these pages with the language that the reader's own address states."""
    if language is None:
        return path
    return f"{path}{'&' if '?' in path else '?'}lang={language}"


def tab_address(name: str, tab: str, wishes: Mapping[str, str] = MappingProxyType({}), *, language: str | None) -> str:
    """A tab of a deployment with the language that the reader's own address states."""
    return tabs.tab_path(name, tab, {**wishes, "lang": language or ""})


def worded(write: Callable[..., str]) -> Callable[..., str]:
    """`write` for templates, whose last argument is the catalogue of the page's language."""

    @jinja2.pass_context
    def asked(context: jinja2.runtime.Context, *values: object) -> str:
        return write(*values, context["t"])

    return asked


def load_templates(assets: Assets) -> jinja2.Environment:
    """The templates with everything escaped: each name on a page may have been chosen by an attacker."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tidegauge_collector.web"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        when=worded(formats.when),
        on_day=worded(formats.on_day),
        month=worded(formats.month),
        count=formats.count,
        rfc3339=formats.rfc3339,
        tupled=tuple,
    )
    environment.globals.update(
        asset=assets.url,
        value_of=worded(formats.value_of),
        duration=worded(formats.duration),
        percent=formats.percent,
        how_told=worded(telling.how_told),
        why_route=worded(telling.why_route),
        pattern_name=worded(telling.pattern_name),
        hours=worded(telling.hours),
        episode_names=worded(telling.episode_names),
        champion=models.champion,
        rules_of=models.rules,
        charted_columns=models.charted_columns,
        drawn_columns=models.drawn_columns,
        baseline_of=models.baseline_of,
        is_known_version=models.is_known_version,
        monitor_name=alerts.monitor_name,
        by_channel=alerts.by_channel,
        opened_elsewhere=alerts.opened_elsewhere,
        span=worded(formats.span),
        percents=sorted(metrics.PERCENTS),
        verdict_week=week.verdict_week,
        amount_week=week.amount_week,
        share_days=week.share_days,
        fleet_words=fleet,
        tabs=tabs.TABS,
        tab_of_block=tabs.tab_of_block,
        fairness_measures=metrics.FAIRNESS,
        statistics=metrics.STATISTICS,
        custom_statistics=metrics.CUSTOM,
        limits_above=limits.above,
        limit_lines=limits.lines,
        ratio_limits=limits.of_ratios,
        zone_of=formats.zone_of,
        watching=watching,
    )
    environment.globals["block_cell"] = _block_cells(environment)
    return environment


def _block_cells(environment: jinja2.Environment) -> Callable[[str, str, str, tuple[str | None, ...]], Markup]:
    """Cells of the list of deployments, each made once: a thousand rows have few different ones."""

    @lru_cache(maxsize=4_096)
    def cell(language: str, block: str, state: str, days: tuple[str | None, ...]) -> Markup:
        values = {"t": load_text(language), "block": block, "state": state, "days": days}
        return Markup(environment.get_template("block.html").render(values))  # noqa: S704 - an escaped template

    return cell
