"""Published receptive fields, as 'end point: field, stride, padding', '-' where the padding was not stated.

google-research/receptive_field at f12ae8e7, receptive_field/RECEPTIVE_FIELD_TABLE.md (Apache-2.0).
"""

ALEXNET = "conv1:11:4:0 pool1:19:8:0 conv2:51:8:16 conv3:99:16:32 conv4:131:16:48 conv5:163:16:64 pool5:195:32:64"
VGG_16 = (
    "conv1_1:3:1:1 pool1:6:2:2 conv2_1:10:2:4 pool2:16:4:6 conv3_1:24:4:10 conv3_2:32:4:14 pool3:44:8:18 "
    "conv4_1:60:8:26 conv4_2:76:8:34 pool4:100:16:42 conv5_1:132:16:58 conv5_2:164:16:74 pool5:212:32:90"
)
VGG_A = (
    "conv1_1:3:1:1 pool1:4:2:1 conv2_1:8:2:3 pool2:10:4:3 conv3_1:18:4:7 conv3_2:26:4:11 pool3:30:8:11 "
    "conv4_1:46:8:19 conv4_2:62:8:27 pool4:70:16:27 conv5_1:102:16:43 conv5_2:134:16:59 pool5:150:32:59"
)
RESNETS = {
    (3, 4, 6, 3): "block1:35:8:- block2:99:16:- block3:291:32:- block4:483:32:-",
    (3, 4, 23, 3): "block1:35:8:- block2:99:16:- block3:835:32:- block4:1027:32:-",
    (3, 8, 36, 3): "block1:35:8:- block2:163:16:- block3:1315:32:- block4:1507:32:-",
    (3, 24, 36, 3): "block1:35:8:- block2:419:16:- block3:1571:32:- block4:1763:32:-",
}
"""By the numbers of units in the four blocks: ResNet v1 50, 101, 152, 200."""
BACKBONES = {
    "mobilenet_v1": "Conv2d_0:3:2:- Conv2d_1:7:2:- Conv2d_2:11:4:- Conv2d_3:19:4:- Conv2d_4:27:8:- Conv2d_5:43:8:- "
    "Conv2d_6:59:16:- Conv2d_7:91:16:- Conv2d_8:123:16:- Conv2d_9:155:16:- Conv2d_10:187:16:- Conv2d_11:219:16:- "
    "Conv2d_12:251:32:- Conv2d_13:315:32:-",
    "bn_inception": "Conv2d_1a:7:2:- MaxPool_2a:11:4:- Conv2d_2b:11:4:- Conv2d_2c:19:4:- MaxPool_3a:27:8:- "
    "Mixed_3b:59:8:- Mixed_3c:91:8:- Mixed_4a:123:16:- Mixed_4b:187:16:- Mixed_4c:251:16:- Mixed_4d:315:16:- "
    "Mixed_4e:379:16:- Mixed_5a:443:32:- Mixed_5b:571:32:- Mixed_5c:699:32:-",
    "inception_v3": "Conv2d_1a:3:2:0 Conv2d_2a:7:2:0 Conv2d_2b:11:2:2 MaxPool_3a:15:4:2 Conv2d_3b:15:4:2 "
    "Conv2d_4a:23:4:2 MaxPool_5a:31:8:2 Mixed_5b:63:8:18 Mixed_5c:95:8:34 Mixed_5d:127:8:50 Mixed_6a:159:16:58 "
    "Mixed_6b:351:16:154 Mixed_6c:543:16:250 Mixed_6d:735:16:346 Mixed_6e:927:16:442 Mixed_7a:1055:32:490 "
    "Mixed_7b:1183:32:554 Mixed_7c:1311:32:618",
    "inception_v4": "Conv2d_1a:3:2:0 Conv2d_2a:7:2:0 Conv2d_2b:11:2:2 Mixed_3a:15:4:2 Mixed_4a:47:4:14 "
    "Mixed_5a:55:8:14 Mixed_5b:87:8:30 Mixed_5c:119:8:46 Mixed_5d:151:8:62 Mixed_5e:183:8:78 Mixed_6a:215:16:86 "
    "Mixed_6b:407:16:182 Mixed_6c:599:16:278 Mixed_6d:791:16:374 Mixed_6e:983:16:470 Mixed_6f:1175:16:566 "
    "Mixed_6g:1367:16:662 Mixed_6h:1559:16:758 Mixed_7a:1687:32:806 Mixed_7b:1815:32:870 Mixed_7c:1943:32:934 "
    "Mixed_7d:2071:32:998",
    "inception_resnet_v2": "Conv2d_1a:3:2:0 Conv2d_2a:7:2:0 Conv2d_2b:11:2:2 MaxPool_3a:15:4:2 Conv2d_3b:15:4:2 "
    "Conv2d_4a:23:4:2 MaxPool_5a:31:8:2 Mixed_5b:63:8:18 Mixed_6a:415:16:186 PreAuxLogits:2335:16:1146 "
    "Mixed_7a:2399:32:1162 Conv2d_7b:3039:32:1482",
}
ROWS = {"inception_resnet_v2": [0, 1, 2, 3, 4, 5, 6, 7, 18, 38, 39, 50]}
"""Rows of our tables that the end points are, where they are not all."""


def parse(points: str) -> list[tuple[int, int, int | None]]:
    """Field, stride and padding of each end point."""
    words = [point.split(":")[1:] for point in points.split()]
    return [(int(field), int(stride), None if pad == "-" else int(pad)) for field, stride, pad in words]
