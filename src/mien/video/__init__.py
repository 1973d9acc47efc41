"""What makes a video more than its frames: faces that are followed, reads that are fused, people that are summed up."""
