"""From a run to an ONNX file with its card."""
