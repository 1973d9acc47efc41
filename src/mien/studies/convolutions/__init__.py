"""What stacked, factorized and separable convolutions cost and see."""
