"""The pages: server-rendered, in Japanese and English, drawn in the browser from the REST API of the same origin."""

from .reader import Reader
from .routes import add_web_routes

__all__ = ["Reader", "add_web_routes"]
