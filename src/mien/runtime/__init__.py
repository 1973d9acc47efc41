"""What runs the networks: the detector, onnxruntime sessions, weights and their cards."""
