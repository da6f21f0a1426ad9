#!/usr/bin/env python3
"""Records what PyTorch computes into the .txt files beside this file.

Run with Debian's python3-torch (1.13):  tests/golden/record.py
The C++ tests read the files and need no Python. Numbers are written as hexadecimal floats, so that nothing is lost.
"""

import math
import warnings

import torch
from torch.optim.lr_scheduler import (ConstantLR, CosineAnnealingLR, CosineAnnealingWarmRestarts, CyclicLR,
                                      ExponentialLR, LinearLR, MultiStepLR, OneCycleLR, PolynomialLR, SequentialLR,
                                      StepLR)

from recording import Recording

warnings.filterwarnings("ignore")  # Of the epoch argument to step(), which is deprecated and what we want to record.

STEPS = 300


def optimizer_at_one():
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)


def rates(make, advance):
    """The rate of each step; `advance(scheduler, t)` is called between step t - 1 and step t."""
    optimizer = optimizer_at_one()
    scheduler = make(optimizer)
    values = []
    for t in range(STEPS):
        if t > 0:
            optimizer.step()
            advance(scheduler, t)
        values.append(optimizer.param_groups[0]["lr"])
    return values


def every_step(make):
    return rates(make, lambda scheduler, t: scheduler.step())


def every_epoch(make, steps_per_epoch):
    return rates(make, lambda scheduler, t: scheduler.step() if t % steps_per_epoch == 0 else None)


def fractions_of_epochs(make, steps_per_epoch):
    """As the documentation of CosineAnnealingWarmRestarts tells users to call it."""
    return rates(make, lambda scheduler, t: scheduler.step(t // steps_per_epoch + t % steps_per_epoch / steps_per_epoch))


def after_warmup(n, make):
    """(t + 1) / n for t < n, then another scheduler: LinearLR from 1/n, which reaches 1 at step n - 1."""
    return every_step(lambda o: SequentialLR(
        o, [LinearLR(o, start_factor=1 / n, end_factor=1.0, total_iters=n - 1), make(o)], milestones=[n]))


def after_warmup_by_epochs(n, factor_of_epoch, steps_per_epoch):
    """PyTorch has no scheduler that warms up by steps and then decays by epochs: the plain formula."""
    return [(t + 1) / n if t < n else factor_of_epoch((t - n) // steps_per_epoch) for t in range(STEPS)]


def record_schedules():
    file = Recording("schedules.txt", f"The learning rate of {STEPS} steps, from torch.optim.lr_scheduler at base rate 1.")

    def case(name, steps_per_epoch, spec, factors):
        file.case(name, steps_per_epoch=[steps_per_epoch], spec=spec, factors=factors)

    case("ConstantLR", 20, "constant {}", every_step(lambda o: ConstantLR(o, factor=1.0)))
    for spe, size, gamma in ((20, 4, 0.5), (7, 3, 0.1), (1, 30, 0.9)):
        case(f"StepLR by epochs of {spe}, {size}, {gamma}", spe, f"step {{ every_epochs: {size} gamma: {gamma} }}",
             every_epoch(lambda o: StepLR(o, size, gamma), spe))
    for size, gamma in ((35, 0.1), (1, 0.99)):
        case(f"StepLR by steps, {size}, {gamma}", 20, f"step {{ every_steps: {size} gamma: {gamma} }}",
             every_step(lambda o: StepLR(o, size, gamma)))
    for spe, gamma in ((20, 0.9), (7, 0.95), (1, 0.97)):
        case(f"ExponentialLR by epochs of {spe}, {gamma}", spe, f"exponential {{ gamma: {gamma} smooth: false }}",
             every_epoch(lambda o: ExponentialLR(o, gamma), spe))
    for spe, gamma in ((20, 0.9), (7, 0.5)):
        case(f"ExponentialLR by steps, {gamma} in {spe}", spe, f"exponential {{ gamma: {gamma} smooth: true }}",
             every_step(lambda o: ExponentialLR(o, gamma**(1 / spe))))
    for low in (0, 0.1):
        case(f"CosineAnnealingLR to {low}", 20, f"cosine {{ min_factor: {low} }}",
             every_step(lambda o: CosineAnnealingLR(o, T_max=STEPS, eta_min=low)))
    for period, factor, low in ((50, 1, 0), (40, 2, 0.05), (7, 3, 0), (300, 1, 0)):
        case(f"CosineAnnealingWarmRestarts by steps, {period}, {factor}, {low}", 20,
             f"sgdr {{ first_period_steps: {period} period_factor: {factor} min_factor: {low} }}",
             every_step(lambda o: CosineAnnealingWarmRestarts(o, period, factor, low)))
    for spe, period, factor, low in ((20, 3, 2, 0.01), (7, 10, 1, 0)):
        case(f"CosineAnnealingWarmRestarts by epochs of {spe}, {period}, {factor}, {low}", spe,
             f"sgdr {{ first_period_epochs: {period} period_factor: {factor} min_factor: {low} }}",
             fractions_of_epochs(lambda o: CosineAnnealingWarmRestarts(o, period, factor, low), spe))
    case("LinearLR, then ConstantLR", 20, "warmup { steps: 25 then { constant {} } }",
         after_warmup(25, lambda o: ConstantLR(o, factor=1.0)))
    case("LinearLR, then StepLR", 20, "warmup { epochs: 1.5 then { step { every_steps: 60 gamma: 0.3 } } }",
         after_warmup(30, lambda o: StepLR(o, 60, 0.3)))
    case("LinearLR, then CosineAnnealingLR", 20, "warmup { epochs: 2 then { cosine { min_factor: 0.02 } } }",
         after_warmup(40, lambda o: CosineAnnealingLR(o, T_max=STEPS - 40, eta_min=0.02)))
    case("LinearLR, then CosineAnnealingWarmRestarts", 20,
         "warmup { steps: 13 then { sgdr { first_period_steps: 41 period_factor: 2 min_factor: 0 } } }",
         after_warmup(13, lambda o: CosineAnnealingWarmRestarts(o, 41, 2, 0)))
    case("warm-up by steps, then decay by epochs", 20,
         "warmup { steps: 30 then { exponential { gamma: 0.9 smooth: false } } }",
         after_warmup_by_epochs(30, lambda e: 0.9**e, 20))
    for spe, milestones, gamma in ((20, (3, 7, 12), 0.1), (7, (1, 2, 30), 0.5)):
        case(f"MultiStepLR by epochs of {spe}", spe, f"multistep {{ milestone_epochs: {list(milestones)} gamma: {gamma} }}",
             every_epoch(lambda o: MultiStepLR(o, milestones, gamma), spe))
    case("MultiStepLR by steps", 20, "multistep { milestone_steps: [50, 51, 299] gamma: 0.3 }",
         every_step(lambda o: MultiStepLR(o, (50, 51, 299), 0.3)))
    for power in (1, 2, 0.9, 3.7):
        case(f"PolynomialLR of power {power}", 20, f"polynomial {{ power: {power} end_factor: 0 }}",
             every_step(lambda o: PolynomialLR(o, total_iters=STEPS, power=power)))
    for end in (0, 0.05):
        case(f"LinearLR to {end}", 20, f"linear {{ end_factor: {end} }}",
             every_step(lambda o: LinearLR(o, start_factor=1.0, end_factor=end, total_iters=STEPS)))
    for mode, low, up, down, gamma in (("triangular", 0.1, 20, 20, None), ("triangular", 0, 13, 40, None),
                                       ("triangular2", 0.05, 30, 30, None), ("exp_range", 0.2, 25, 10, 0.99)):
        case(f"CyclicLR {mode}, {low}, {up}, {down}", 20,
             f"cyclic {{ up_steps: {up} down_steps: {down} mode: MODE_{mode.upper()} min_factor: {low}"
             f"{'' if gamma is None else f' gamma: {gamma}'} }}",
             every_step(lambda o: CyclicLR(o, low, 1.0, up, down, mode, gamma or 1.0, cycle_momentum=False)))
    case("CyclicLR by epochs", 20, "cyclic { up_epochs: 1.5 mode: MODE_TRIANGULAR min_factor: 0.25 }",
         every_step(lambda o: CyclicLR(o, 0.25, 1.0, 30, cycle_momentum=False)))
    for anneal, up, div, final in (("cosine", 0.3, 25, 1e4), ("linear", 0.3, 25, 1e4), ("cosine", 0.45, 10, 100),
                                   ("linear", 0.005, 4, 1000)):
        case(f"OneCycleLR {anneal}, {up}", 20,
             f"one_cycle {{ up_fraction: {up} start_factor: {1 / div!r} end_factor: {1 / div / final!r} "
             f"anneal: ANNEAL_{anneal.upper()} }}",
             every_step(lambda o: OneCycleLR(o, 1.0, STEPS, pct_start=up, anneal_strategy=anneal[:3] if anneal == "cosine"
                                             else anneal, div_factor=div, final_div_factor=final, cycle_momentum=False)))
    case("inverse square root, which PyTorch lacks", 20, "inverse_sqrt { warmup_epochs: 2 }",
         [(t + 1) / 40 if t < 40 else math.sqrt(40 / t) for t in range(STEPS)])
    case("SequentialLR", 20,
         "sequence { parts { schedule { linear { end_factor: 0.1 } } epochs: 5 } "
         "parts { schedule { step { every_steps: 30 gamma: 0.5 } } steps: 80 } "
         "parts { schedule { cosine { min_factor: 0.01 } } } }",
         every_step(lambda o: SequentialLR(
             o, [LinearLR(o, start_factor=1.0, end_factor=0.1, total_iters=100), StepLR(o, 30, 0.5),
                 CosineAnnealingLR(o, T_max=120, eta_min=0.01)], milestones=[100, 180])))
    file.write()


def record_plateaus():
    generator = torch.Generator().manual_seed(7)
    falling = [(3 * 0.9**t + 0.2 * torch.rand(1, generator=generator).item()) for t in range(STEPS)]
    rising = [1 - value / 4 for value in falling]
    file = Recording("plateaus.txt", f"The rate after each of {STEPS} evaluations, from ReduceLROnPlateau at base rate 1.")
    for name, values, mode, spec, settings in (
        ("relative", falling, "min", "metric: 'val_loss' factor: 0.5 patience: 5 threshold: 1e-4 "
         "threshold_mode: THRESHOLD_MODE_REL cooldown: 0 min_factor: 0", dict(factor=0.5, patience=5)),
        ("absolute, cooldown", falling, "min", "metric: 'val_loss' factor: 0.7 patience: 2 threshold: 0.05 "
         "threshold_mode: THRESHOLD_MODE_ABS cooldown: 4 min_factor: 0.01",
         dict(factor=0.7, patience=2, threshold=0.05, threshold_mode="abs", cooldown=4, min_lr=0.01)),
        ("no patience", falling, "min", "metric: 'train_loss' factor: 0.9 patience: 0 threshold: 0.01 "
         "threshold_mode: THRESHOLD_MODE_REL cooldown: 1 min_factor: 0.001",
         dict(factor=0.9, patience=0, threshold=0.01, cooldown=1, min_lr=0.001)),
        ("accuracy, relative", rising, "max", "metric: 'val_accuracy' factor: 0.5 patience: 3 threshold: 0.01 "
         "threshold_mode: THRESHOLD_MODE_REL cooldown: 2 min_factor: 0",
         dict(factor=0.5, patience=3, threshold=0.01, cooldown=2)),
        ("accuracy, absolute", rising, "max", "metric: 'val_accuracy' factor: 0.5 patience: 3 threshold: 0.02 "
         "threshold_mode: THRESHOLD_MODE_ABS cooldown: 0 min_factor: 0",
         dict(factor=0.5, patience=3, threshold=0.02, threshold_mode="abs")),
    ):
        optimizer = optimizer_at_one()
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode, eps=0, **settings)
        factors = []
        for value in values:
            scheduler.step(value)
            factors.append(optimizer.param_groups[0]["lr"])
        file.case(name, spec=spec, values=values, factors=factors)
    file.write()


def record_averages():
    steps, size = 40, 8
    generator = torch.Generator().manual_seed(3)
    weights = torch.randn(steps, size, generator=generator).cumsum(0) + 10
    file = Recording("averages.txt", "torch.optim.swa_utils.AveragedModel after each of 40 weight vectors, in float32.")
    file.case("given", weights=weights.flatten().tolist())
    for name, average in (("swa", None), ("ema", lambda mean, new, count: 0.9 * mean + 0.1 * new)):
        model = torch.nn.Linear(size, 1, bias=False)
        averaged = torch.optim.swa_utils.AveragedModel(model, avg_fn=average)
        trajectory = []
        for vector in weights:
            with torch.no_grad():
                model.weight.copy_(vector[None])
            averaged.update_parameters(model)
            trajectory += averaged.module.weight.flatten().tolist()
        file.case(name, averages=trajectory)
    file.write()


def flat(layers, of):
    """Ours: of each layer the weights, inputs x outputs, then the biases."""
    return torch.cat([part for layer in layers for part in (of(layer.weight).t().flatten(), of(layer.bias))]).tolist()


def record_networks():
    file = Recording("networks.txt",
                     "Mean cross entropy and its gradient, in float64 from parameters and inputs that float32 holds.")
    for name, spec, sizes, activation, count, spread in (
        ("softmax regression", "softmax_regression {}", (7, 4), None, 9, 1),
        ("relu", "mlp { hidden: [6, 5] activation: ACTIVATION_RELU }", (7, 6, 5, 3), torch.relu, 11, 1),
        ("tanh", "mlp { hidden: [9] activation: ACTIVATION_TANH }", (5, 9, 4), torch.tanh, 10, 1),
        ("one example", "mlp { hidden: [20] activation: ACTIVATION_RELU }", (17, 20, 10), torch.relu, 1, 1),
        ("large logits", "mlp { hidden: [6] activation: ACTIVATION_TANH }", (5, 6, 3), torch.tanh, 8, 60),
    ):
        generator = torch.Generator().manual_seed(len(name))
        layers = [torch.nn.Linear(a, b).double() for a, b in zip(sizes, sizes[1:])]
        with torch.no_grad():
            for layer in layers:
                for tensor, scale in ((layer.weight, spread / math.sqrt(layer.in_features)), (layer.bias, 0.1)):
                    tensor.copy_((scale * torch.randn(tensor.shape, generator=generator)).float())
        inputs = torch.randn(count, sizes[0], generator=generator).double()
        labels = torch.randint(sizes[-1], (count,), generator=generator)
        values = inputs
        for i, layer in enumerate(layers):
            values = layer(values)
            if i + 1 < len(layers):
                values = activation(values)
        loss = torch.nn.functional.cross_entropy(values, labels)
        loss.backward()
        accuracy = (values.argmax(1) == labels).double().mean()
        file.case(name, model=spec, inputs=inputs.flatten().tolist(), labels=labels.tolist(), classes=[sizes[-1]],
                  params=flat(layers, lambda tensor: tensor.detach()), loss=[loss.item()], accuracy=[accuracy.item()],
                  gradient=flat(layers, lambda tensor: tensor.grad))
    file.write()


def record_ensembles():
    """After each of five networks, the mean of the probabilities of the newest three (Huang et al. 2017)."""
    kept, features, hidden, classes, count = 3, 5, 6, 4, 40
    file = Recording("ensembles.txt", "Cross entropy and accuracy of the mean of the probabilities (softmax) of networks, "
                     "in float64 from parameters, running statistics and inputs that float32 holds.")
    # Sure networks that disagreed would leave classes equal but for the last bit, and so the accuracy open.
    for name, spread, difference in (("networks that doubt", 1, 1), ("networks that are sure and agree", 40, 0.02)):
        generator = torch.Generator().manual_seed(11)

        def random(*shape):
            return torch.randn(*shape, generator=generator).float().double()

        inputs, labels = random(count, features), torch.randint(classes, (count,), generator=generator)
        params, buffers, outputs, losses, accuracies = [], [], [], [], []
        common = [random(*shape) for shape in ((hidden, features), (hidden,), (hidden,), (hidden,), (hidden,), (hidden,),
                                               (classes, hidden), (classes,))]
        for _ in range(5):
            first, norm = torch.nn.Linear(features, hidden).double(), torch.nn.BatchNorm1d(hidden).double().eval()
            last = torch.nn.Linear(hidden, classes).double()
            with torch.no_grad():
                parts = (first.weight, first.bias, norm.weight, norm.bias, norm.running_mean, norm.running_var, last.weight,
                         last.bias)
                for tensor, own in zip(parts, common):
                    tensor.copy_((own * (1 - difference) + difference * random(*own.shape)).float())
                norm.running_var.copy_((norm.running_var.abs() + 0.5).float())
                last.weight.copy_((spread * last.weight).float())
                # Logarithms of the probabilities: some of the sure networks' own are below what float64 holds.
                outputs.append(torch.log_softmax(last(torch.relu(norm(first(inputs)))), 1))
                newest = torch.stack(outputs[-kept:])
                log_mean = torch.logsumexp(newest, 0) - math.log(len(newest))
                losses.append(torch.nn.functional.nll_loss(log_mean, labels).item())
                accuracies.append((newest.exp().mean(0).argmax(1) == labels).double().mean().item())
                params += [*flat([first], torch.Tensor.detach), *norm.weight.tolist(), *norm.bias.tolist(),
                           *flat([last], torch.Tensor.detach)]
                buffers += [*norm.running_mean.tolist(), *norm.running_var.tolist()]
        file.case(name, model=f"sequential {{ layers {{ dense {{ units: {hidden} }} }} layers {{ batch_norm {{}} }} "
                  "layers { relu {} } }", members=[kept], classes=[classes], inputs=inputs.flatten().tolist(),
                  labels=labels.tolist(), params=params, buffers=buffers, losses=losses, accuracies=accuracies)
    file.write()


class Net:
    """A list of layers as torch modules, and as the text of ours. Images are NCHW here, and flattened as NHWC."""

    def __init__(self, layers, channels, generator):
        self.generator, self.channels, self.spread = generator, channels, 0.5
        self.flat = False  # Behind a dense layer.
        self.tensors, self.norms = [], []  # (tensor, as ours), in our order.
        self.text, self.run = self.build(layers)

    def parameter(self, tensor, ours=lambda t: t, shift=0.0):
        with torch.no_grad():
            tensor.copy_((shift + self.spread * torch.randn(tensor.shape, generator=self.generator)).float())
        self.tensors.append((tensor, ours))

    def weighted(self, module, ours):
        self.parameter(module.weight, ours)
        if module.bias is not None:
            self.parameter(module.bias)
        return module

    def norm(self, module):
        self.parameter(module.weight, shift=1.0)
        self.parameter(module.bias)
        if hasattr(module, "running_mean"):
            self.norms.append(module)
        return module

    def batch_norm(self, epsilon=1e-5, momentum=0.1):
        kind = torch.nn.BatchNorm1d if self.flat else torch.nn.BatchNorm2d
        return self.norm(kind(self.channels, eps=epsilon, momentum=momentum).double())

    def convolution(self, filters, kernel, stride, padding, bias):
        module = torch.nn.Conv2d(self.channels, filters, kernel, stride, padding, bias=bias).double()
        self.channels = filters
        return self.weighted(module, lambda t: t.permute(2, 3, 1, 0))

    def build(self, layers):
        texts, steps = [], []
        for kind, *arguments in layers:
            settings = arguments[0] if arguments else {}
            text = " ".join(f"{k}: {str(v).lower()}" for k, v in settings.items() if not isinstance(v, list))
            if kind == "conv2d":
                padding = settings.get("padding", (settings["kernel"] - 1) // 2)
                steps.append(self.convolution(settings["filters"], settings["kernel"], settings.get("stride", 1), padding,
                                              settings.get("bias", True)))
            elif kind == "batch_norm":
                steps.append(self.batch_norm(**settings))
            elif kind == "group_norm":
                steps.append(self.norm(torch.nn.GroupNorm(settings["groups"], self.channels).double()))
            elif kind in ("relu", "gelu", "tanh"):
                steps.append({"relu": torch.relu, "gelu": torch.nn.functional.gelu, "tanh": torch.tanh}[kind])
            elif kind == "max_pool":
                steps.append(torch.nn.MaxPool2d(settings.get("size", 2), settings.get("stride")))
            elif kind == "average_pool":
                steps.append(torch.nn.AvgPool2d(settings.get("size", 2), settings.get("stride")))
            elif kind == "global_average_pool":
                steps.append(torch.nn.AdaptiveAvgPool2d(1))
            elif kind == "dense":
                inputs = arguments[1]
                self.channels, self.flat = settings["units"], True
                module = self.weighted(torch.nn.Linear(inputs, self.channels).double(), lambda t: t.t())
                steps.append(lambda x, m=module: m(x.permute(0, 2, 3, 1).flatten(1) if x.dim() == 4 else x))
            elif kind == "residual":
                before = self.channels
                inner_text, inner = self.build(settings["layers"])
                shortcut = lambda x: x
                if "projection" in text:
                    after, self.channels = self.channels, before
                    convolution = self.convolution(after, 1, arguments[1], 0, False)
                    shortcut = torch.nn.Sequential(convolution, self.batch_norm())
                elif len(arguments) > 1:
                    stride, more = arguments[1], self.channels - before
                    shortcut = lambda x, s=stride, m=more: torch.nn.functional.pad(x[:, :, ::s, ::s], (0, 0, 0, 0, 0, m))
                text = f"{text.replace('projection', 'SHORTCUT_PROJECTION')} {inner_text}"
                steps.append(lambda x, f=inner, g=shortcut: f(x) + g(x))
            texts.append(f"layers {{ {kind} {{ {text} }} }}")

        def run(x):
            for step in steps:
                x = step(x)
            return x

        return " ".join(texts), run


def record_layers():
    file = Recording("layers.txt",
                     "Layers and losses: the mean loss of a batch and its gradient in training, running statistics after "
                     "it, and the loss in evaluation; float64 from parameters and inputs that float32 holds. Images "
                     "NHWC.")
    conv = lambda filters, kernel=3, **more: ("conv2d", dict(filters=filters, kernel=kernel, **more))
    cross, smooth, square = "cross_entropy {}", "cross_entropy { label_smoothing: 0.15 }", "squared_error {}"
    functional = torch.nn.functional
    losses = {
        cross: lambda z, y, training: functional.cross_entropy(z, y),
        smooth: lambda z, y, training: functional.cross_entropy(z, y, label_smoothing=0.15 if training else 0.0),
        square: lambda z, y, training: functional.mse_loss(z, functional.one_hot(y, z.shape[1]).double()),
    }
    for name, shape, layers, ends, loss in (
        ("convolutions", (7, 6, 2), [conv(5), ("relu",), conv(9, padding=0), ("tanh",)], (5, 4, 9), cross),
        ("strides and paddings", (9, 8, 3), [conv(4, 5, stride=2, padding=1), ("tanh",), conv(10, 2, stride=2, padding=1,
                                                                                       bias=False)], (3, 2, 10), cross),
        ("max pools", (9, 8, 2), [conv(8), ("max_pool",), conv(3), ("max_pool", dict(size=3, stride=1))], (2, 2, 3), cross),
        ("average pools", (9, 8, 2), [conv(6), ("average_pool", dict(size=3, stride=2)), ("gelu",),
                                      ("global_average_pool",)], (1, 1, 6), cross),
        ("batch norm", (6, 5, 2), [conv(10, bias=False), ("batch_norm",), ("relu",), conv(3, stride=2),
                                   ("batch_norm", dict(momentum=0.3, epsilon=0.001))], (3, 3, 3), cross),
        ("batch norm behind a dense layer", (3, 3, 1), [("dense", dict(units=7), 9), ("batch_norm",), ("gelu",)],
         (1, 1, 7), cross),
        ("group norm", (5, 6, 2), [conv(12), ("group_norm", dict(groups=4)), ("relu",), conv(6),
                                   ("group_norm", dict(groups=6))], (5, 6, 6), cross),
        ("residual", (5, 6, 2), [conv(4), ("residual", dict(layers=[conv(4), ("batch_norm",), ("relu",), conv(4)])),
                                 ("relu",)], (5, 6, 4), cross),
        ("residual with zero padding", (7, 6, 2), [conv(4), ("residual", dict(layers=[conv(7, stride=2), ("tanh",),
                                                                                      conv(7)]), 2), ("relu",)],
         (4, 3, 7), cross),
        ("residual with projection", (7, 6, 2),
         [conv(4), ("residual", dict(shortcut="projection", layers=[conv(7, stride=2), ("batch_norm",)]), 2), ("tanh",)],
         (4, 3, 7), cross),
        ("label smoothing", (2, 2, 2), [("dense", dict(units=9), 8), ("tanh",)], (1, 1, 9), smooth),
        ("squared error", (2, 2, 2), [("dense", dict(units=9), 8), ("tanh",)], (1, 1, 9), square),
    ):
        generator = torch.Generator().manual_seed(len(name))
        classes, count = 5, 6
        height, width, channels = shape
        net = Net(layers + [("dense", dict(units=classes), math.prod(ends))], channels, generator)
        inputs = torch.randn(count, channels, height, width, generator=generator).double()
        labels = torch.randint(classes, (count,), generator=generator)
        value = losses[loss](net.run(inputs), labels, True)
        value.backward()
        buffers = [part for norm in net.norms for part in (norm.running_mean, norm.running_var)]
        running = torch.cat([b.clone() for b in buffers]).tolist() if buffers else []
        for norm in net.norms:
            norm.eval()
        with torch.no_grad():
            logits = net.run(inputs)
        text, _ = net.text.rsplit(" layers {", 1)  # Ours adds the last layer by itself.
        file.case(name, model=f"sequential {{ {text} }}", loss_function=loss, image=list(shape), classes=[classes],
                  inputs=inputs.permute(0, 2, 3, 1).flatten().tolist(), labels=labels.tolist(),
                  params=torch.cat([ours(t.detach()).flatten() for t, ours in net.tensors]).tolist(),
                  loss=[value.item()], gradient=torch.cat([ours(t.grad).flatten() for t, ours in net.tensors]).tolist(),
                  buffers=running, evaluation_loss=[losses[loss](logits, labels, False).item()],
                  accuracy=[(logits.argmax(1) == labels).double().mean().item()])
    file.write()


if __name__ == "__main__":
    record_schedules()
    record_plateaus()
    record_averages()
    record_networks()
    record_ensembles()
    record_layers()
