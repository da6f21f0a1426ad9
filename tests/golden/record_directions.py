#!/usr/bin/python3
"""Records filter normalization (Li et al. 2018, as in the code that came with the paper) into directions.txt.

Run with Debian's python3-torch (1.13):  tests/golden/record_directions.py
Directions are drawn here and recorded beside what they become, so that nobody else's random numbers matter.
"""

import torch

from recording import Recording


def normalize(direction, weight):
    """Each filter d of PyTorch's (filters, ...) is scaled to the norm of the model's; what is not a weight is ignored."""
    if weight.dim() <= 1:
        return torch.zeros_like(direction)
    scaled = direction.clone()
    for d, w in zip(scaled, weight):
        d.mul_(w.norm() / (d.norm() + 1e-10))
    return scaled


def ours(tensor):
    """In the order in which basin stores it: the filters last."""
    if tensor.dim() == 4:
        tensor = tensor.permute(2, 3, 1, 0)
    elif tensor.dim() == 2:
        tensor = tensor.t()
    return tensor.flatten().tolist()


def record(file, name, model, image, classes, modules):
    params, direction, normalized = [], [], []
    for module in modules:
        for weight in module.parameters():
            torch.nn.init.normal_(weight)
            drawn = torch.randn_like(weight)
            params += ours(weight.detach())
            direction += ours(drawn)
            normalized += ours(normalize(drawn, weight.detach()))
    file.case(name, model=model, image=list(image), classes=[classes], params=params, direction=direction,
              normalized=normalized)


def main():
    torch.manual_seed(1)
    file = Recording("directions.txt", "Random directions, and what filter normalization makes of them.")
    record(file, "perceptron", "mlp { hidden: [6, 4] }", (0, 0, 5), 3,
           [torch.nn.Linear(5, 6), torch.nn.Linear(6, 4), torch.nn.Linear(4, 3)])
    record(file, "convolutions and norms",
           "sequential { layers { conv2d { filters: 5 kernel: 3 } } layers { batch_norm {} } layers { relu {} } "
           "layers { conv2d { filters: 4 kernel: 2 padding: 0 } } layers { group_norm { groups: 2 } } "
           "layers { global_average_pool {} } }",
           (4, 5, 2), 3,
           [torch.nn.Conv2d(2, 5, 3), torch.nn.BatchNorm2d(5), torch.nn.Conv2d(5, 4, 2), torch.nn.GroupNorm(2, 4),
            torch.nn.Linear(4, 3)])
    file.write()


if __name__ == "__main__":
    main()
