"""Every tensor of an HDF5 FILE, as h5py reads it: its type, shape and elements by its path, in JSON. Groups without members
are null.

    python read_hdf5.py FILE
"""

import json
import sys

import h5py

tensors = {}


def visit(name, found):
    if isinstance(found, h5py.Dataset):
        elements = found[()].ravel().tolist()
        tensors[name] = {"dtype": found.dtype.str, "shape": list(found.shape), "elements": elements}
    elif len(found) == 0:
        tensors[name] = None


with h5py.File(sys.argv[1], "r") as file:
    file.visititems(visit)
print(json.dumps(tensors))
