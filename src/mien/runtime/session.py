"""onnxruntime sessions: threads stated, errors said plainly, fixed input shapes set free, fit for other processes."""

import os
from collections.abc import Callable, Iterator

from mien.errors import ModelError, expect
from mien.ort import onnxruntime as ort
from mien.runtime.devices import PROVIDERS, failure, providers_of

DEFAULT_THREADS = 2


class Session(ort.InferenceSession):  # type: ignore[misc]
    """A session that can be pickled: it goes as its model, and is opened anew where it arrives."""

    def __init__(self, model: bytes, options: ort.SessionOptions, threads: int | None, device: str = "cpu") -> None:
        # Without the fallback of onnxruntime: a provider that fails must not become another one unsaid.
        super().__init__(model, options, providers=providers_of(device), enable_fallback=0)
        self._opening = model, threads, device

    def __reduce__(self) -> tuple[Callable[..., "Session"], tuple[bytes, int | None, str]]:
        return open_session, self._opening


def open_session(model: bytes, threads: int | None = None, device: str = "cpu") -> Session:
    """A session for a serialised ONNX model, on the processor or another of `DEVICES`.

    threads: None takes 2, or fewer where the machine has fewer: these networks gain little from more.
    Raises ModelError when the model cannot be loaded, BrokenDependencyError when the device cannot be used.
    """
    expect(threads is None or threads >= 1, "threads", "a whole number of at least 1, or None", threads)
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or min(DEFAULT_THREADS, os.cpu_count() or 1)
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning threads burn a core between the images of a slow source.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = Session(model, options, threads, device)
    except Exception as error:
        if device != "cpu":
            raise failure(device, error) from error
        raise ModelError(f"The model must be a valid ONNX file. onnxruntime says: {error}") from error
    if PROVIDERS[device].name not in session.get_providers():
        raise failure(device, "onnxruntime left it out")
    return session


def free_shapes(model: bytes, free_axes: tuple[int, ...] = (0, 2, 3)) -> bytes:
    """The same ONNX model with symbolic sizes on the given axes of its inputs, other stored shapes dropped.

    Works on the protocol buffer itself, because the light install has no `onnx` package:
    ModelProto.graph = 7; GraphProto.input = 11, output = 12, value_info = 13; ValueInfoProto.type = 2;
    TypeProto.tensor_type = 1; Tensor.shape = 2; TensorShapeProto.dim = 1; Dimension.dim_param = 2.
    """
    return b"".join(_graph(part, free_axes) if number == 7 else raw for number, raw, part in _fields(model))


def _graph(graph: bytes, free_axes: tuple[int, ...]) -> bytes:
    kept: list[bytes] = []
    for number, raw, part in _fields(graph):
        if number == 11:
            kept.append(_length_delimited(11, _value_info(part, free_axes)))
        elif number == 12:
            kept.append(_length_delimited(12, _value_info(part, None)))
        elif number != 13:
            kept.append(raw)
    return _length_delimited(7, b"".join(kept))


def _value_info(info: bytes, free_axes: tuple[int, ...] | None) -> bytes:
    def tensor(part: bytes) -> bytes:
        kept = [
            (raw if number != 2 else _length_delimited(2, _shape(sub, free_axes or ())))
            for number, raw, sub in _fields(part)
            if number != 2 or free_axes is not None
        ]
        return b"".join(kept)

    def value_type(part: bytes) -> bytes:
        return b"".join(_length_delimited(1, tensor(sub)) if n == 1 else raw for n, raw, sub in _fields(part))

    return b"".join(_length_delimited(2, value_type(sub)) if n == 2 else raw for n, raw, sub in _fields(info))


def _shape(shape: bytes, free_axes: tuple[int, ...]) -> bytes:
    dims = [raw for number, raw, _ in _fields(shape) if number == 1]
    # Weights may be listed among the inputs, and have fewer axes.
    for axis in (axis for axis in free_axes if axis < len(dims)):
        dims[axis] = _length_delimited(1, _length_delimited(2, f"axis{axis}".encode()))
    return b"".join(dims)


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Fields of a protocol buffer message: number, the whole field, and its content when it has a length."""
    at = 0
    while at < len(message):
        start = at
        key, at = _varint(message, at)
        wire = key & 7
        content = at
        if wire == 0:
            _, at = _varint(message, at)
        elif wire == 2:
            length, content = _varint(message, at)
            at = content + length
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        else:
            raise ModelError(f"The model must be an ONNX file. Got a protocol buffer with wire type {wire}.")
        if at > len(message):
            raise ModelError("The model must be a whole ONNX file. It ends in the middle of a field.")
        yield key >> 3, message[start:at], message[content:at]


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while at < len(message):
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
    raise ModelError("The model must be a whole ONNX file. It ends in the middle of a number.")


def _length_delimited(number: int, content: bytes) -> bytes:
    return _encode_varint(number << 3 | 2) + _encode_varint(len(content)) + content


def _encode_varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
