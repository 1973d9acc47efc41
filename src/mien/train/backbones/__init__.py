"""Networks that turn a crop (B, 3, S, S) into a feature map."""
