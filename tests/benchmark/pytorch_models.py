"""The networks of bench_train in PyTorch, and a step of their training: SGD with momentum 0.9, cross entropy."""

import re

from programs import import_torch

torch = import_torch()
nn = torch.nn


class Block(nn.Module):
    """Two 3x3 convolutions with batch norm, and a shortcut without parameters (option A of He 2015)."""

    def __init__(self, inputs, outputs):
        super().__init__()
        stride = outputs // inputs
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.stride, self.more = stride, outputs - inputs

    def forward(self, x):
        y = torch.relu(self.first_norm(self.first(x)))
        y = self.second_norm(self.second(y))
        if self.more:
            x = nn.functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.more))
        return torch.relu(x + y)


def dense(sizes):
    layers = []
    for i, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        layers += [nn.ReLU()] if i else []
        layers.append(nn.Linear(inputs, outputs))
    return nn.Sequential(*layers)


def convolutions(height, width, channels, filters, classes):
    layers = []
    for inputs, outputs in zip([channels] + filters, filters):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        height, width = height // 2, width // 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(filters[-1] * height * width, classes))


def resnet(depth, channels, classes):
    layers = [nn.Conv2d(channels, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    width = 16
    for stage in range(3):
        for _ in range((depth - 2) // 6):
            layers.append(Block(width, 16 << stage))
            width = 16 << stage
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))


def parse(text):
    """What bench_train --model names: the network, and the shape of an example (channels first)."""
    kind, _, rest = text.partition(":")
    first, *units = rest.split("-")
    shape = [int(n) for n in first.split("x")]
    units = [int(n) for n in units]
    if kind in ("mlp", "softmax"):
        return dense(shape + units), shape, units[-1]
    height, width, channels = shape
    if kind == "conv":
        return convolutions(height, width, channels, units[:-1], units[-1]), [channels, height, width], units[-1]
    depth = int(re.fullmatch(r"resnet(\d+)", kind)[1])
    return resnet(depth, channels, units[-1]), [channels, height, width], units[-1]


class Training:
    """On noise, batches gathered by index in shuffled order, as bench_train does."""

    def __init__(self, model, batch, examples, channels_last=False):
        torch.manual_seed(1)
        self.model, shape, classes = parse(model)
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.model = self.model.to(memory_format=self.format).train()
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.01, momentum=0.9)
        self.features = (torch.rand(examples, *shape) * 2 - 1).contiguous(memory_format=self.format)
        self.labels = torch.randint(0, classes, (examples,))
        self.batch = batch
        self.order = torch.randperm(examples)
        self.place = 0

    def step(self):
        if self.place + self.batch > len(self.order):
            self.order = torch.randperm(len(self.order))
            self.place = 0
        chosen = self.order[self.place : self.place + self.batch]
        self.place += self.batch
        self.optimizer.zero_grad()
        features = self.features[chosen].contiguous(memory_format=self.format)
        loss = nn.functional.cross_entropy(self.model(features), self.labels[chosen])
        loss.backward()
        self.optimizer.step()
