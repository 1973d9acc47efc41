"""The training wing: what makes the models. Needs `pip install 'mien[train]'`."""
