"""The addresses of labelling."""

from __future__ import annotations

from distillation.console.labelling import starting, taking, watching
from distillation.console.page import page

urlpatterns = [
    page("label/", starting.choose, "label_choose"),
    page("label/folders/", starting.folders, "label_folders"),
    page("label/<int:pk>/", starting.start, "label"),
    page("labelling/<str:inference_id>/", watching.watch, "labelling"),
    page("labelling/<str:inference_id>/live/", watching.live, "labelling_live"),
    page("labelling/<str:inference_id>/do/<str:verb>/", watching.do, "labelling_do"),
    page("labelling/<str:inference_id>/picture/<int:number>/", taking.picture, "labelling_picture"),
    page("labelling/<str:inference_id>/labels.zip", taking.archive, "labelling_archive"),
]
