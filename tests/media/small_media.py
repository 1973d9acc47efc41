"""Small media files written byte by byte: what no writer of the test environment makes."""

import math
import struct

import cv2
import numpy as np


def matroska(pictures, fps=10.0, start_s=0.0, promised_s=None, display=None, roll=None):
    """A Matroska file of JPEG frames (RGB uint8), with a display size (width, height) and a turn in degrees on request.

    promised_s: the length in its header, which Matroska counts from zero; to the last frame where left out.
    """
    height, width = pictures[0].shape[:2]
    ends = start_s + len(pictures) / fps
    video = _number(0xB0, width) + _number(0xBA, height)
    if display is not None:
        video += _number(0x54B0, display[0]) + _number(0x54BA, display[1])
    if roll is not None:
        video += _element(0x7670, _number(0x7671, 0) + _real(0x7673, 0) + _real(0x7674, 0) + _real(0x7675, roll))
    track = _number(0xD7, 1) + _number(0x73C5, 1) + _number(0x83, 1) + _element(0x86, b"V_MJPEG")
    track += _number(0x23E383, round(1e9 / fps)) + _element(0xE0, video)
    info = _number(0x2AD7B1, 1_000_000) + _real(0x4489, 1000 * (promised_s or ends))
    segment = _element(0x1549A966, info) + _element(0x1654AE6B, _element(0xAE, track))
    for i, picture in enumerate(pictures):
        block = b"\x81\0\0\x80" + _jpeg(picture)
        segment += _element(0x1F43B675, _number(0xE7, round(1000 * (start_s + i / fps))) + _element(0xA3, block))
    return _element(0x1A45DFA3, _element(0x4282, b"matroska")) + _element(0x18538067, segment)


def sound_with_cover(picture):
    """An MP3 file of one second of silence with a cover."""
    image = b"\0image/jpeg\0\x03\0" + _jpeg(picture)
    frame = b"APIC" + struct.pack(">I", len(image)) + b"\0\0" + image
    size = bytes(len(frame) >> 7 * k & 127 for k in (3, 2, 1, 0))
    return b"ID3\x03\0\0" + size + frame + (b"\xff\xfb\x90\x64" + bytes(413)) * 38


def _jpeg(picture):
    return cv2.imencode(".jpg", np.ascontiguousarray(picture[..., ::-1]))[1].tobytes()


def _element(name, content):
    return (
        name.to_bytes(math.ceil(name.bit_length() / 8), "big") + (len(content) | 1 << 56).to_bytes(8, "big") + content
    )


def _number(name, value):
    return _element(name, value.to_bytes(8, "big"))


def _real(name, value):
    return _element(name, struct.pack(">d", value))


PRIMARIES = {  # columns of XYZ under D50
    "srgb": ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7142)),
    "wide": ((0.7977, 0.2880, 0.0000), (0.1352, 0.7119, 0.0000), (0.0313, 0.0001, 0.8249)),
}


def rgb_profile(gamma, primaries="srgb"):
    """An ICC profile (version 2) of three colorants and one exponent."""
    white = b"XYZ " + bytes(4) + _fixed(0.9642, 1.0, 0.8249)
    tags = {b"desc": b"desc" + bytes(4) + struct.pack(">I", 2) + b"t\0" + bytes(78), b"wtpt": white}
    tags[b"cprt"] = b"text" + bytes(4) + b"none\0"
    for name, column in zip("rgb", PRIMARIES[primaries], strict=True):
        tags[f"{name}XYZ".encode()] = b"XYZ " + bytes(4) + _fixed(*column)
        tags[f"{name}TRC".encode()] = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    return _profile(b"RGB ", tags)


def gray_profile(gamma):
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    white = b"XYZ " + bytes(4) + _fixed(0.9642, 1.0, 0.8249)
    return _profile(b"GRAY", {b"wtpt": white, b"kTRC": curve, b"cprt": b"text" + bytes(4) + b"none\0"})


def _profile(space, tags):
    table, body, start = b"", b"", 132 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = struct.pack(">I", start + len(body)) + bytes(4) + b"\2\x10\0\0mntr" + space + b"XYZ " + bytes(12) + b"acsp"
    head += bytes(28) + _fixed(0.9642, 1.0, 0.8249)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _fixed(*values):
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))
