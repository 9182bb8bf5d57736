"""The static files: read once, compressed once, served from memory under a path that holds their digest.

`/static/<digest>/js/api.js`: browsers may keep a file for ever, a new release has a new path, and relative imports inherit it.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

_FOLDER = Path(__file__).parent / "static"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    compressed: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Assets:
    """All static files by their path below `static/`, and the digest over them all."""

    digest: str
    files: Mapping[str, Asset]

    def url(self, path: str) -> str:
        """The address of a file that exists; KeyError (at the first rendering) for one that does not."""
        if path not in self.files:
            raise KeyError(f"there is no static file {path!r}; known are {sorted(self.files)}")
        return f"/static/{self.digest}/{path}"

    async def serve(self, request: web.Request) -> web.Response:
        """GET /static/{digest}/{path}; an older page's digest gets today's file, but not for keeps."""
        asset = self.files.get(request.match_info["path"])
        if asset is None:
            raise web.HTTPNotFound(text=f"There is no static file {request.match_info['path']!r}.")
        current = request.match_info["digest"] == self.digest
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable" if current else "no-cache",
            "Vary": "Accept-Encoding",
        }
        body = asset.body
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = asset.compressed
        return web.Response(body=body, content_type=asset.content_type, charset="utf-8", headers=headers)

    async def favicon(self, _: web.Request) -> web.Response:
        """GET /favicon.ico, which browsers ask for beside answers that are no pages: sends them to the drawing."""
        raise web.HTTPFound(self.url("favicon.svg"))


def load_assets(folder: Path = _FOLDER) -> Assets:
    """Reads every file below `folder` (a few hundred kilobytes)."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {path.relative_to(folder).as_posix(): _load(path) for path in paths}
    digest = hashlib.blake2b(digest_size=6)
    for name, asset in files.items():
        digest.update(f"{name}\0{len(asset.body)}\0".encode() + asset.body)
    return Assets(digest.hexdigest(), files)


def _load(path: Path) -> Asset:
    body = path.read_bytes()
    content_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "text/plain"
    return Asset(body, gzip.compress(body, mtime=0), content_type)
