"""Opens a `.keras` file in Keras and classifies batches of images for Espalier.

    python keras_server.py FILE

Every message begins with its length in bytes, an unsigned 32-bit little-endian number. The first message from here
describes the runtime, or says why there is none, in JSON. Then each message from Espalier is a batch, uint8
[n, size, size, 3], and each answer is the probabilities and then the logits of the batch, little-endian float32
[n, classes] each. The end of the input ends the program.
"""

import importlib.metadata
import importlib.util
import json
import os
import struct
import sys

# Libraries print to the standard output as well; only messages may go there.
messages = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)

BACKENDS = ("tensorflow", "jax", "torch")


def send(content):
    messages.write(struct.pack("<I", len(content)))
    messages.write(content)
    messages.flush()


def describe(**facts):
    send(json.dumps(facts).encode())


def receive(stream):
    """Returns the content of the next message; None at the end of the input."""
    head = stream.read(4)
    return stream.read(struct.unpack("<I", head)[0]) if len(head) == 4 else None


def refuse(kind, reason):
    describe(refused=kind, reason=reason)
    sys.exit(0)


def import_keras():
    """Imports Keras with the backend of KERAS_BACKEND, or else with the first one that is installed."""
    if importlib.util.find_spec("keras") is None:
        refuse("runtime", "it has no Keras")
    backend = os.environ.get("KERAS_BACKEND")
    if backend is None:
        backend = next((name for name in BACKENDS if importlib.util.find_spec(name)), None)
    if backend is None:
        refuse("runtime", f"it has Keras, but none of its backends {', '.join(BACKENDS)}")
    os.environ["KERAS_BACKEND"] = backend
    try:
        import keras
    except Exception as error:
        refuse("runtime", f"importing Keras failed: {type(error).__name__}: {error}")
    if int(keras.__version__.split(".")[0]) < 3:
        refuse("runtime", f"it has Keras {keras.__version__}, which reads no files of Keras 3")
    return keras


def backend_version(backend):
    for package in (backend, f"{backend}-cpu", f"{backend}-intel"):
        try:
            return importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            pass
    return "?"


def main():
    keras = import_keras()
    import numpy

    try:
        model = keras.models.load_model(sys.argv[1], safe_mode=True, compile=False)
        # The last layer turns the logits into the probabilities.
        both = keras.Model(model.input, [model.output, model.layers[-1].input])
    except Exception as error:
        refuse("file", f"Keras {keras.__version__} cannot open it: {type(error).__name__}: {error}")
    backend = keras.backend.backend()
    describe(keras=keras.__version__, backend=backend, backendVersion=backend_version(backend))

    shape = model.inputs[0].shape[1:]

    def compute(images):
        return both(images, training=False)

    if backend == "tensorflow":
        # A graph: without it, each layer is called from Python.
        import tensorflow

        compute = tensorflow.function(
            compute, input_signature=[tensorflow.TensorSpec([None, *shape], "uint8")], autograph=False
        )
    while (content := receive(sys.stdin.buffer)) is not None:
        images = numpy.frombuffer(content, numpy.uint8).reshape(-1, *shape)
        if backend == "tensorflow":
            images = tensorflow.constant(images)
        values = [numpy.asarray(keras.ops.convert_to_numpy(x), "<f4") for x in compute(images)]
        send(b"".join(value.tobytes() for value in values))


main()
