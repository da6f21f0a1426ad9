"""Prints a safetensors file, read by its published layout alone."""
import array
import json
import struct
import sys

TYPES = {"F32": ("float32", "f"), "F64": ("float64", "d"), "U64": ("uint64", "Q")}

with open(sys.argv[1], "rb") as file:
    (length,) = struct.unpack("<Q", file.read(8))
    header = json.loads(file.read(length))
    data = file.read()
for key, value in header.pop("__metadata__").items():
    print(f"{key}={value}")
end = 0
for name, tensor in header.items():
    word, code = TYPES[tensor["dtype"]]
    begin, end_of_tensor = tensor["data_offsets"]
    assert begin == end, "tensors lie without gaps"
    end = end_of_tensor
    values = array.array(code, data[begin:end])
    count = 1
    for extent in tensor["shape"]:
        count *= extent
    assert len(values) == count
    print(" ".join([name, word, str(tensor["shape"])] + [str(value) for value in values]))
assert end == len(data)
