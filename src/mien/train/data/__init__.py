"""From files to batches: tables, labels, aligned crops, augmentation."""
