"""What a face displays, and what users' own models predict for it, in a few words."""

from mien.faces.faces import Face
from mien.faces.parts import Category, Quantity


def display_texts(face: Face) -> list[str]:
    """Displays of a face in a few words each: 'smile with raised cheeks', 'displayed pain expression 1.3 of 16'."""
    displays = face.displays.to_dict() if face.displays else {}
    smile = "no smile" if displays.get("smile") == "none" else displays.get("smile")
    pain = None if displays.get("pain") is None else f"displayed pain expression {displays['pain']:.1f} of 16"
    return [text for text in (smile, pain) if text]


def attribute_texts(face: Face) -> list[str]:
    """What users' own models predict for a face, in a few words each: 'glasses: yes 0.93', 'height: 1.7'."""
    texts = []
    for name, part in face.attributes.named.items() if face.attributes else ():
        if isinstance(part, Category):
            texts.append(f"{name}: {part.label} {part.probability.max():.2f}")
        elif isinstance(part, Quantity):
            texts.append(f"{name}: {float(part.value):.3g}")
        else:
            held = [flag for flag, p in zip(part.names, part.probability, strict=True) if p >= 0.5]
            texts.append(f"{name}: {', '.join(held) or 'none'}")
    return texts
