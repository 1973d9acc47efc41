"""The vocabulary of the Facial Action Coding System: number, name, muscle, region, what to look for."""

from dataclasses import dataclass
from typing import Literal

Region = Literal["brow", "eye", "nose", "mouth"]


@dataclass(frozen=True, slots=True)
class ActionUnit:
    """One Action Unit as FACS defines it (Ekman, Friesen & Hager, 2002)."""

    number: int
    name: str
    muscle: str
    region: Region
    sign: str

    @property
    def code(self) -> str:
        """Two-digit code used in every output.

        >>> ActionUnit(6, "cheek raiser", "", "eye", "").code
        'AU06'
        """
        return f"AU{self.number:02d}"


ACTION_UNITS: tuple[ActionUnit, ...] = (
    ActionUnit(1, "inner brow raiser", "frontalis, pars medialis", "brow", "inner brow ends go up"),
    ActionUnit(2, "outer brow raiser", "frontalis, pars lateralis", "brow", "outer brow ends go up"),
    ActionUnit(4, "brow lowerer", "corrugator supercilii", "brow", "brows go down and together, furrow between"),
    ActionUnit(5, "upper lid raiser", "levator palpebrae superioris", "eye", "more white above the iris"),
    ActionUnit(6, "cheek raiser", "orbicularis oculi, pars orbitalis", "eye", "cheeks rise, crow's feet"),
    ActionUnit(7, "lid tightener", "orbicularis oculi, pars palpebralis", "eye", "lower lid tightens and rises"),
    ActionUnit(9, "nose wrinkler", "levator labii superioris alaeque nasi", "nose", "wrinkles at the nose root"),
    ActionUnit(10, "upper lip raiser", "levator labii superioris", "mouth", "upper lip rises, nasolabial fold deepens"),
    ActionUnit(12, "lip corner puller", "zygomaticus major", "mouth", "lip corners go up and out"),
    ActionUnit(14, "dimpler", "buccinator", "mouth", "lip corners tighten inwards"),
    ActionUnit(15, "lip corner depressor", "depressor anguli oris", "mouth", "lip corners go down"),
    ActionUnit(17, "chin raiser", "mentalis", "mouth", "chin boss wrinkles, lower lip pushed up"),
    ActionUnit(20, "lip stretcher", "risorius, platysma", "mouth", "lip corners pulled sideways"),
    ActionUnit(23, "lip tightener", "orbicularis oris", "mouth", "lips narrow and tighten"),
    ActionUnit(24, "lip pressor", "orbicularis oris", "mouth", "lips pressed together"),
    ActionUnit(25, "lips part", "depressor labii inferioris and others", "mouth", "lips are apart"),
    ActionUnit(26, "jaw drop", "masseter relaxed", "mouth", "jaw hangs; includes AU27, mouth stretch"),
    ActionUnit(43, "eyes closed", "levator palpebrae relaxed", "eye", "lids closed; includes AU45, blink"),
)

CODES: tuple[str, ...] = tuple(unit.code for unit in ACTION_UNITS)


def action_unit(code: str | int) -> ActionUnit:
    """Find an Action Unit by its code or number.

    Raises KeyError when mien does not know it.

    >>> action_unit("AU12").name, action_unit(12).muscle
    ('lip corner puller', 'zygomaticus major')
    """
    wanted = code if isinstance(code, str) else f"AU{code:02d}"
    for unit in ACTION_UNITS:
        if unit.code == wanted:
            return unit
    raise KeyError(f"Action Unit must be one of {', '.join(CODES)}. Got {code!r}.")
