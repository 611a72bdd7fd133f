"""The addresses of data sets, below ``/admin/data/``."""

from __future__ import annotations

from distillation.console.datasets import new, pages, picture, preview, receiving
from distillation.console.page import page

_PLACE = "data/<slug:kind>/<str:key>"

urlpatterns = [
    page("data/new/", new.new, "data_new"),
    page("data/samples/<slug:folder>/", new.sample, "data_sample"),
    page("data/preview/", preview.preview, "data_preview"),
    page("data/uploads/", receiving.begin, "data_begin"),
    page("data/uploads/<slug:key>/", receiving.piece, "data_piece"),
    page(f"{_PLACE}/", pages.page, "data_page"),
    page(f"{_PLACE}/live/", pages.live, "data_live"),
    page(f"{_PLACE}/again/", pages.again, "data_again"),
    page(f"{_PLACE}/classes/", pages.classes, "data_classes"),
    page(f"{_PLACE}/drop/", pages.drop, "data_drop"),
    page(f"{_PLACE}/back/", pages.back, "data_back"),
    page(f"{_PLACE}/picture/<slug:split>/<int:number>/", picture.picture, "data_picture"),
]
