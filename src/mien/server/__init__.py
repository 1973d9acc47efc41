"""A page, a REST service and a live camera: `mien serve`. Needs `pip install 'mien[serve]'`."""
