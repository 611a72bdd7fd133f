"""How much an archive may hold, and the sentences that refuse what is more or what does harm."""

from __future__ import annotations

from dataclasses import dataclass

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import shown

BOMB_RATIO, BOMB_BYTES = 200, 64 << 20
"""A file of this size or more that was packed this much smaller is no data: text shrinks to a tenth, pictures not."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may unpack to."""

    entries: int
    """Files and folders."""
    bytes: int
    """Of all files."""


def refused(template: str, entry: str, **params: object) -> Refused:
    """The refusal of an archive for one of its entries, which the sentence names as ``{entry}``."""
    return Refused(Sentence(template, {"entry": shown(entry[:200]), **params}))


def too_many(limits: Limits) -> Refused:
    """For an archive of more files than are taken."""
    return Refused(
        Sentence(
            gettext_noop(
                "The archive has more than {limit} files and folders (DISTILLATION_UPLOAD_ENTRIES). Split it, or let "
                "an administrator raise the limit."
            ),
            {"limit": limits.entries},
        )
    )


def too_large(limits: Limits, entry: str) -> Refused:
    """For an archive that unpacks to more than is taken."""
    return refused(
        gettext_noop(
            "The archive unpacks to more than {limit} MB (DISTILLATION_UNPACKED_LIMIT_MB); the limit is reached at "
            "{entry}. Make it smaller, or let an administrator raise the limit."
        ),
        entry,
        limit=limits.bytes // 10**6,
    )


def bomb(entry: str) -> Refused:
    """For a file that hardly any bytes unpack to."""
    return refused(
        gettext_noop(
            "The entry {entry} of the archive unpacks to more than {ratio} times its size, as archives do that are "
            "made to fill disks. Pack the data set again without it."
        ),
        entry,
        ratio=BOMB_RATIO,
    )


def is_bomb(packed: int, unpacked: int) -> bool:
    """Whether the two sizes are those of no honest file."""
    return unpacked >= BOMB_BYTES and unpacked > BOMB_RATIO * max(packed, 1)


def link(entry: str) -> Refused:
    """For a link."""
    return refused(
        gettext_noop(
            "The entry {entry} of the archive is a link; links are not taken, since they can lead anywhere. Pack the "
            "file itself in its place."
        ),
        entry,
    )


def device(entry: str) -> Refused:
    """For what is neither a file nor a folder."""
    return refused(
        gettext_noop(
            "The entry {entry} of the archive is neither a file nor a folder but a device, a pipe or the like. Pack "
            "the data set again without it."
        ),
        entry,
    )


def damaged(entry: str) -> Refused:
    """For an archive that ends early or does not match its checksums."""
    return refused(
        gettext_noop(
            "The archive is damaged at {entry}: it ends early, or its checksum differs. Pack it and upload it again."
        ),
        entry,
    )
