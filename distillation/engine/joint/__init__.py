"""Teacher and student learn together, step by step (Zhang et al. 2018): no answers are kept, they are asked live."""

from distillation.engine.joint.live_teacher import LiveTeacher
from distillation.engine.joint.mutual import Mutual

__all__ = ["LiveTeacher", "Mutual"]
