"""The data sets that can be made, known to the command and to the program that makes them."""

from __future__ import annotations

DIGITS = ("digits", "digits-100")
SCENES = ("digit-scenes", "digit-scenes-10", "digit-scenes-masks")
WAVES = "waves"
ITALY_POWER = "italy-power"

USUAL = DIGITS
"""Made when none is named."""
ALL = (*DIGITS, *SCENES, WAVES, ITALY_POWER)
