"""What mien is put through: inputs that are broken or odd, runs that are killed, disks that are full."""
