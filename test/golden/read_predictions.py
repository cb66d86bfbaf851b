"""Prints as JSON what NumPy reads in a file of predictions: its fields, and their values."""

import json
import sys

import numpy as np

predictions = np.load(sys.argv[1])
print(json.dumps({name: predictions[name].tolist() for name in predictions.dtype.names}))
