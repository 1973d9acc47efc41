"""The part of onnxruntime that makes networks of 8 bits; it needs `onnx`."""

from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.quant_utils import add_pre_process_metadata

__all__ = [
    "CalibrationDataReader",
    "CalibrationMethod",
    "QuantFormat",
    "QuantType",
    "add_pre_process_metadata",
    "quantize_static",
]
