"""Teachers: found, identified and matched to the data's classes before any weights are loaded."""

from distillation.engine.teachers.box_teacher import BoxTeacher
from distillation.engine.teachers.class_columns import match_classes
from distillation.engine.teachers.finding import find, load, load_boxes, load_maps, load_masks, load_texts
from distillation.engine.teachers.source import LoadedTeacher, TeacherSource, TextTeacher, of_one_shape

__all__ = [
    "BoxTeacher",
    "LoadedTeacher",
    "TeacherSource",
    "TextTeacher",
    "find",
    "load",
    "load_boxes",
    "load_maps",
    "load_masks",
    "load_texts",
    "match_classes",
    "of_one_shape",
]
