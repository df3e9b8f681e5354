"""Pages in a real browser, where one is installed; no network is needed.

A page is served to a headless Chromium. Its script does what a person would, and notes
what is to be seen then in ``<pre id="notes">``, as JSON.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--no-proxy-server", "--timeout=20000",
    "--virtual-time-budget=10000", "--window-size=900,700",
)  # fmt: skip
NOTES = re.compile(r'<pre id="notes">(.*?)</pre>', re.DOTALL)
NO_BROWSER = "no Chromium is installed to show pages in: apt install chromium"


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def open_page(tmp_path_factory):
    """Serve files to the browser; return what the first of them noted."""
    if BROWSER is None:
        pytest.skip(NO_BROWSER)

    def notes_on(files):
        place = tmp_path_factory.mktemp("page")
        for name, text in files.items():
            place.joinpath(name).write_text(text, encoding="utf-8")
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=place))
        Thread(target=server.serve_forever, daemon=True).start()
        profile = f"--user-data-dir={tmp_path_factory.mktemp('profile')}"
        url = f"http://127.0.0.1:{server.server_port}/{next(iter(files))}"
        done = subprocess.run(
            [BROWSER, *QUIET, profile, "--dump-dom", url],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        server.shutdown()
        server.server_close()
        found = NOTES.search(done.stdout)
        assert found, done.stderr[-2000:]
        assert found[1], done.stderr[-2000:]
        return json.loads(html.unescape(found[1]))

    return notes_on
