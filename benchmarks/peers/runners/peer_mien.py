"""mien itself: the embedded detector, landmarks, Action Units with displayed emotion, and age."""

# /// script
# requires-python = ">=3.11"
# dependencies = []
# [tool.peer]
# heads = ["age", "emotion", "smile"]
# here = true
# ///

from contract import Faces, Read, serve

from mien import Analyzer
from mien.faces import EMOTIONS
from mien.facs import CODES


def load() -> Read:
    """As `mien analyze` does, without attractiveness, which no peer has."""
    analyzer = Analyzer(heads=("expression", "age"), threads=1)
    smile = CODES.index("AU12")

    def read(image) -> Faces:
        faces = analyzer.images([image])[0]
        return [
            {
                "box": faces.box[k].tolist(),
                "age": float(faces.age.value[k]),
                "emotions": dict(zip(EMOTIONS, faces.emotion.probability[k].tolist(), strict=True)),
                "smile": float(faces.action_units.probability[k, smile]),
            }
            for k in range(len(faces))
        ]

    return read


if __name__ == "__main__":
    serve(load, ("mien",))
