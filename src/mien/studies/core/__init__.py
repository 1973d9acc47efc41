"""What studies share: findings, sweeps, bootstrap intervals, reports, faces and small networks."""
