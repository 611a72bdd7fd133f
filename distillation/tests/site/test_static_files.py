"""Scripts and styles: found in the installed packages, compressed for those who ask, kept by browsers."""

from __future__ import annotations

import gzip

import pytest
from django.contrib.staticfiles import finders

from distillation_site.plotly_files import PLOTLY

pytestmark = pytest.mark.django_db  # every request looks whether a connection is too old

STYLE = "/static/distillation/console.css"


def whole(response):
    return b"".join(response) if response.streaming else response.content


def test_a_style_is_compressed_once_and_the_same(client):
    plain = client.get(STYLE)
    small = [client.get(STYLE, headers={"accept-encoding": "gzip, br"}) for _ in range(2)]
    assert {one["Content-Encoding"] for one in small} == {"gzip"}
    assert gzip.decompress(small[0].content) == whole(plain)
    assert small[0].content == small[1].content
    assert "Accept-Encoding" in plain["Vary"]
    assert "Content-Encoding" not in plain
    assert "ETag" not in small[0]


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0"])
def test_only_who_asks_gets_it(client, accepted):
    assert "Content-Encoding" not in client.get(STYLE, headers={"accept-encoding": accepted})


def test_what_has_not_changed_is_not_sent_again(client):
    first = client.get(STYLE, headers={"accept-encoding": "gzip"})
    again = client.get(STYLE, headers={"accept-encoding": "gzip", "if-modified-since": first["Last-Modified"]})
    assert again.status_code == 304


def test_plotly_comes_out_of_its_package_and_is_kept_for_ever(client):
    found = client.get(f"/static/{PLOTLY}", headers={"accept-encoding": "gzip"})
    assert found.status_code == 200
    assert "immutable" in found["Cache-Control"]
    assert b"plotly.js" in gzip.decompress(found.content)[:200]
    assert len(found.content) < 2_000_000


def test_nothing_else_of_the_package_is_served(client):
    assert finders.find("plotly.min.js") is None
    assert finders.find(PLOTLY, find_all=True) == [finders.find(PLOTLY)]
    assert client.get(f"/static/{PLOTLY.replace('plotly.min.js', 'datasets/iris.csv')}").status_code == 404
