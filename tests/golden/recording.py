"""The files that the scripts of this folder write."""

import pathlib

import torch


class Recording:
    """A file of cases: a name in brackets, then lines `key: values`."""

    def __init__(self, name, about):
        self.path = pathlib.Path(__file__).parent / name
        self.lines = [f"# {about}", f"# Made by record.py with PyTorch {torch.__version__}."]

    def case(self, name, **entries):
        self.lines += ["", f"[{name}]"]
        for key, value in entries.items():
            self.lines.append(f"{key}: {value if isinstance(value, str) else self.numbers(value)}")

    @staticmethod
    def numbers(values):
        return " ".join(str(v) if isinstance(v, int) else float(v).hex() for v in values)

    def write(self):
        self.path.write_text("\n".join(self.lines) + "\n")
        print(self.path.name, self.path.stat().st_size, "bytes")
