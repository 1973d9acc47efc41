"""Published numbers of the Inceptions, with their sources."""

from typing import NamedTuple


class Published(NamedTuple):
    """A network for 1000 classes: size of the picture, parameters, and million operations by imgclsmob's count."""

    size: int
    params: int
    mega_ops: float


# osmr/imgclsmob, pytorch/README.md at 017fe2cd; Inception-ResNet v1 from gluon/README.md at c1a844dd. "FLOPs/2".
IMGCLSMOB = {
    "bn_inception": Published(224, 11_295_240, 2048.06),
    "inception_v3": Published(299, 23_834_568, 5743.06),
    "inception_v4": Published(299, 42_679_816, 12304.93),
    "inception_resnet_v1": Published(299, 23_995_624, 6329.60),
    "inception_resnet_v2": Published(299, 55_843_464, 13188.64),
    "xception": Published(299, 22_855_952, 8403.63),
}

# keras.io/api/applications: all variables, the moving means and variances too.
KERAS_PARAMS = {"inception_v3": 23_851_784, "inception_resnet_v2": 55_873_736, "xception": 22_910_480}


class Timm(NamedTuple):
    """Giga multiply-adds, million activations and million parameters, at 299 px."""

    gmacs: float
    mega_values: float
    mega_params: float


# huggingface/pytorch-image-models, results/benchmark-infer-amp-nchw-pt291-cu128-4090.csv at aa4b5850 (xception:
# "legacy_xception").
TIMM = {
    "inception_v3": Timm(5.73, 8.97, 23.83),
    "inception_v4": Timm(12.28, 15.09, 42.68),
    "inception_resnet_v2": Timm(13.18, 25.06, 55.84),
    "xception": Timm(8.4, 35.83, 22.86),
}

# pytorch.org/vision, GoogLeNet_Weights and Inception_V3_Weights: parameters, giga multiply-adds.
TORCHVISION_GOOGLENET = (6_624_904, 1.498)
TORCHVISION_INCEPTION_V3_WITH_AUX = (27_161_264, 5.713)


class EndPoint(NamedTuple):
    """A layer of a slim network: receptive field, stride and padding in pixels, 1e9 operations at 224 and 321 px."""

    name: str
    field: int
    stride: int
    padding: int | None
    ops_224: float
    ops_321: float


# google-research/receptive_field, RECEPTIVE_FIELD_TABLE.md at f12ae8e7 (Apache-2.0). A padding of None depends on the
# size of the picture there.
INCEPTION_V2 = (
    EndPoint("Conv2d_1a_7x7", 7, 2, None, 0.237, 0.489),
    EndPoint("MaxPool_2a_3x3", 11, 4, None, 0.239, 0.493),
    EndPoint("Conv2d_2b_1x1", 11, 4, None, 0.265, 0.547),
    EndPoint("Conv2d_2c_3x3", 19, 4, None, 0.959, 2.000),
    EndPoint("MaxPool_3a_3x3", 27, 8, None, 0.960, 2.003),
    EndPoint("Mixed_3b", 59, 8, None, 1.304, 2.740),
    EndPoint("Mixed_3c", 91, 8, None, 1.712, 3.615),
    EndPoint("Mixed_4a", 123, 16, None, 2.001, 4.246),
    EndPoint("Mixed_4b", 187, 16, None, 2.241, 4.785),
    EndPoint("Mixed_4c", 251, 16, None, 2.502, 5.373),
    EndPoint("Mixed_4d", 315, 16, None, 2.854, 6.164),
    EndPoint("Mixed_4e", 379, 16, None, 3.288, 7.142),
    EndPoint("Mixed_5a", 443, 32, None, 3.614, 7.892),
    EndPoint("Mixed_5b", 571, 32, None, 3.828, 8.421),
    EndPoint("Mixed_5c", 699, 32, None, 4.051, 8.973),
)

INCEPTION_V3 = (
    EndPoint("Conv2d_1a_3x3", 3, 2, 0, 0.022, 0.045),
    EndPoint("Conv2d_2a_3x3", 7, 2, 0, 0.241, 0.506),
    EndPoint("Conv2d_2b_3x3", 11, 2, 2, 0.680, 1.428),
    EndPoint("MaxPool_3a_3x3", 15, 4, 2, 0.681, 1.431),
    EndPoint("Conv2d_3b_1x1", 15, 4, 2, 0.712, 1.494),
    EndPoint("Conv2d_4a_3x3", 23, 4, 2, 1.460, 3.092),
    EndPoint("MaxPool_5a_3x3", 31, 8, 2, 1.461, 3.095),
    EndPoint("Mixed_5b", 63, 8, 18, 1.781, 3.796),
    EndPoint("Mixed_5c", 95, 8, 34, 2.128, 4.557),
    EndPoint("Mixed_5d", 127, 8, 50, 2.485, 5.339),
    EndPoint("Mixed_6a", 159, 16, 58, 2.889, 6.241),
    EndPoint("Mixed_6b", 351, 16, 154, 3.263, 7.082),
    EndPoint("Mixed_6c", 543, 16, 250, 3.750, 8.178),
    EndPoint("Mixed_6d", 735, 16, 346, 4.237, 9.275),
    EndPoint("Mixed_6e", 927, 16, 442, 4.854, 10.663),
    EndPoint("Mixed_7a", 1055, 32, 490, 5.132, 11.303),
    EndPoint("Mixed_7b", 1183, 32, 554, 5.385, 11.948),
    EndPoint("Mixed_7c", 1311, 32, 618, 5.689, 12.727),
)

INCEPTION_V4 = (
    EndPoint("Conv2d_1a_3x3", 3, 2, 0, 0.022, 0.045),
    EndPoint("Conv2d_2a_3x3", 7, 2, 0, 0.241, 0.506),
    EndPoint("Conv2d_2b_3x3", 11, 2, 2, 0.680, 1.428),
    EndPoint("Mixed_3a", 15, 4, 2, 1.004, 2.105),
    EndPoint("Mixed_4a", 47, 4, 14, 2.057, 4.332),
    EndPoint("Mixed_5a", 55, 8, 14, 2.473, 5.243),
    EndPoint("Mixed_5b", 87, 8, 30, 2.871, 6.115),
    EndPoint("Mixed_5c", 119, 8, 46, 3.269, 6.987),
    EndPoint("Mixed_5d", 151, 8, 62, 3.668, 7.859),
    EndPoint("Mixed_5e", 183, 8, 78, 4.066, 8.731),
    EndPoint("Mixed_6a", 215, 16, 86, 5.173, 11.189),
    EndPoint("Mixed_6b", 407, 16, 182, 6.019, 13.092),
    EndPoint("Mixed_6c", 599, 16, 278, 6.865, 14.996),
    EndPoint("Mixed_6d", 791, 16, 374, 7.711, 16.899),
    EndPoint("Mixed_6e", 983, 16, 470, 8.557, 18.802),
    EndPoint("Mixed_6f", 1175, 16, 566, 9.403, 20.706),
    EndPoint("Mixed_6g", 1367, 16, 662, 10.249, 22.609),
    EndPoint("Mixed_6h", 1559, 16, 758, 11.095, 24.513),
    EndPoint("Mixed_7a", 1687, 32, 806, 11.588, 25.640),
    EndPoint("Mixed_7b", 1815, 32, 870, 11.815, 26.223),
    EndPoint("Mixed_7c", 1943, 32, 934, 12.043, 26.807),
    EndPoint("Mixed_7d", 2071, 32, 998, 12.271, 27.390),
)

INCEPTION_RESNET_V2 = (
    EndPoint("Conv2d_1a_3x3", 3, 2, 0, 0.022, 0.045),
    EndPoint("Conv2d_2a_3x3", 7, 2, 0, 0.241, 0.506),
    EndPoint("Conv2d_2b_3x3", 11, 2, 2, 0.680, 1.428),
    EndPoint("MaxPool_3a_3x3", 15, 4, 2, 0.681, 1.431),
    EndPoint("Conv2d_3b_1x1", 15, 4, 2, 0.712, 1.494),
    EndPoint("Conv2d_4a_3x3", 23, 4, 2, 1.460, 3.092),
    EndPoint("MaxPool_5a_3x3", 31, 8, 2, 1.461, 3.095),
    EndPoint("Mixed_5b", 63, 8, 18, 1.796, 3.829),
    EndPoint("Mixed_6a", 415, 16, 186, 4.745, 10.323),
    EndPoint("PreAuxLogits", 2335, 16, 1146, 11.230, 24.913),
    EndPoint("Mixed_7a", 2399, 32, 1162, 11.781, 26.190),
    EndPoint("Conv2d_7b_1x1", 3039, 32, 1482, 12.958, 29.203),
)
