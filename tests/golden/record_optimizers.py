#!/usr/bin/env python3
"""Records optimizers.txt: parameters after each of 50 steps of every optimizer, in its modes, from given gradients and a
falling rate. PyTorch's where it has the method; SAM, LARS, LAMB and SGD's decoupled decay, which PyTorch 1.13 lacks, in
float64 by the formulas of their papers, written out here.

Run with Debian's python3-torch (1.13):  tests/golden/record_optimizers.py
"""

import torch

from recording import Recording

STEPS, SIZE, WEIGHTS = 50, 8, 6  # Two tensors: a weight of six elements, then a bias of two.


def text(settings, l2=True):
    names = {"weight_decay": "l2" if l2 else "weight_decay", "eps": "epsilon", "initial_accumulator_value": "initial_sum"}
    words = []
    for key, value in settings.items():
        if key == "betas":
            words += [f"beta1: {value[0]}", f"beta2: {value[1]}"]
        else:
            words.append(f"{names.get(key, key)}: {str(value).lower()}")
    return " ".join(words)


def of_torch(method, settings, start, gradients, rates):
    params = start.clone().requires_grad_()
    optimizer = method([params], lr=rates[0], **settings)
    trajectory = []
    for gradient, rate in zip(gradients, rates):
        optimizer.param_groups[0]["lr"] = rate
        params.grad = gradient.clone()
        optimizer.step()
        trajectory += params.tolist()
    return trajectory


def tensors(vector):
    return vector[:WEIGHTS], vector[WEIGHTS:]


class Sgd:
    """Heavy ball with decoupled decay: Loshchilov & Hutter 2019, algorithm 1 (SGDW)."""

    def __init__(self, momentum=0.0, weight_decay=0.0):
        self.momentum, self.decay, self.velocity = momentum, weight_decay, 0

    def step(self, w, g, rate):
        self.velocity = self.momentum * self.velocity + g
        return w - rate * self.decay * w - rate * self.velocity


class Lars:
    """You, Gitman & Ginsburg 2017, algorithm 1."""

    def __init__(self, momentum=0.9, trust_coefficient=0.001, l2=0.0, weights_alone=False):
        self.momentum, self.trust, self.l2, self.weights_alone = momentum, trust_coefficient, l2, weights_alone
        self.velocity = [0, 0]

    def step(self, w, g, rate):
        parts = []
        for i, (w_i, g_i) in enumerate(zip(tensors(w), tensors(g))):
            plain = self.weights_alone and i == 1
            l2 = 0.0 if plain else self.l2
            local = 1.0 if plain else self.trust * w_i.norm() / (g_i.norm() + l2 * w_i.norm())
            self.velocity[i] = self.momentum * self.velocity[i] + rate * local * (g_i + l2 * w_i)
            parts.append(w_i - self.velocity[i])
        return torch.cat(parts)


class Lamb:
    """You et al. 2020, algorithm 2, with the identity for phi."""

    def __init__(self, beta1=0.9, beta2=0.999, epsilon=1e-6, weight_decay=0.0, weights_alone=False):
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.decay, self.weights_alone = weight_decay, weights_alone
        self.m = self.v = 0
        self.t = 0

    def step(self, w, g, rate):
        self.t += 1
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g * g
        r = self.m / (1 - self.beta1**self.t) / ((self.v / (1 - self.beta2**self.t)).sqrt() + self.epsilon)
        parts = []
        for i, (w_i, r_i) in enumerate(zip(tensors(w), tensors(r))):
            plain = self.weights_alone and i == 1
            d = r_i + (0.0 if plain else self.decay) * w_i
            parts.append(w_i - rate * (1.0 if plain else w_i.norm() / d.norm()) * d)
        return torch.cat(parts)


class Sam:
    """Foret et al. 2021, algorithm 1, on the bowl whose gradient at w is gradient + curvature * w."""

    def __init__(self, base, curvature, rho):
        self.base, self.curvature, self.rho = base, curvature, rho

    def step(self, w, g, rate):
        here = g + self.curvature * w
        there = w + self.rho * here / here.norm()
        return self.base.step(w, g + self.curvature * there, rate)


def of_formula(method, start, gradients, rates):
    w, trajectory = start.double(), []
    for gradient, rate in zip(gradients.double(), rates):
        w = method.step(w, gradient, rate)
        trajectory += w.float().tolist()
    return trajectory


def main():
    generator = torch.Generator().manual_seed(1)
    start = torch.randn(SIZE, generator=generator)
    gradients = torch.randn(STEPS, SIZE, generator=generator)
    curvature = torch.linspace(0.5, 4, SIZE)
    rates = [0.1 * 0.97**t for t in range(STEPS)]
    file = Recording("optimizers.txt", "Parameters after each of 50 steps in float32, gradients given.")
    file.case("given", start=start.tolist(), gradients=gradients.flatten().tolist(), rates=rates,
              curvature=curvature.tolist())
    optim = torch.optim
    for name, method, settings in (
        ("sgd", optim.SGD, {}),
        ("sgd", optim.SGD, dict(momentum=0.9)),
        ("sgd", optim.SGD, dict(momentum=0.9, dampening=0.3)),
        ("sgd", optim.SGD, dict(momentum=0.5, dampening=1.0)),
        ("sgd", optim.SGD, dict(momentum=0.9, nesterov=True)),
        ("sgd", optim.SGD, dict(weight_decay=0.05)),
        ("sgd", optim.SGD, dict(momentum=0.9, weight_decay=0.05)),
        ("sgd", optim.SGD, dict(momentum=0.8, dampening=0.5, weight_decay=0.02)),
        ("sgd", optim.SGD, dict(momentum=0.95, nesterov=True, weight_decay=0.01)),
        ("rmsprop", optim.RMSprop, {}),
        ("rmsprop", optim.RMSprop, dict(alpha=0.9, eps=1e-6, weight_decay=0.02)),
        ("rmsprop", optim.RMSprop, dict(momentum=0.8)),
        ("rmsprop", optim.RMSprop, dict(centered=True)),
        ("rmsprop", optim.RMSprop, dict(centered=True, momentum=0.5, alpha=0.9, weight_decay=0.01)),
        ("adagrad", optim.Adagrad, {}),
        ("adagrad", optim.Adagrad, dict(initial_accumulator_value=0.1, eps=1e-6, weight_decay=0.02)),
        ("adam", optim.Adam, {}),
        ("adam", optim.Adam, dict(betas=(0.8, 0.95), eps=1e-6, weight_decay=0.02)),
        ("adam", optim.Adam, dict(amsgrad=True)),
        ("adam", optim.Adam, dict(amsgrad=True, betas=(0.5, 0.6), weight_decay=0.01)),
        ("adamw", optim.AdamW, {}),
        ("adamw", optim.AdamW, dict(betas=(0.8, 0.95), weight_decay=0.1)),
        ("adamw", optim.AdamW, dict(amsgrad=True, betas=(0.5, 0.6), weight_decay=0.1)),
    ):
        spec = text(settings, l2=name != "adamw")
        file.case(f"{name} {spec}".strip(), spec=f"{name} {{ {spec} }}",
                  params=of_torch(method, settings, start, gradients, rates))
    alone = "decay_biases_and_norms: false adapt_biases_and_norms: false"
    for spec, method in (
        ("sgd { weight_decay: 0.05 }", Sgd(weight_decay=0.05)),
        ("sgd { momentum: 0.9 weight_decay: 0.05 }", Sgd(0.9, 0.05)),
        ("lars { trust_coefficient: 0.1 }", Lars(trust_coefficient=0.1)),
        ("lars { trust_coefficient: 0.1 momentum: 0.5 l2: 0.02 }", Lars(0.5, 0.1, 0.02)),
        (f"lars {{ trust_coefficient: 0.1 l2: 0.02 {alone} }}", Lars(0.9, 0.1, 0.02, weights_alone=True)),
        ("lamb { }", Lamb()),
        ("lamb { beta1: 0.8 beta2: 0.95 weight_decay: 0.05 }", Lamb(0.8, 0.95, weight_decay=0.05)),
        (f"lamb {{ weight_decay: 0.05 {alone} }}", Lamb(weight_decay=0.05, weights_alone=True)),
        ("sam { rho: 0.1 }", Sam(Sgd(), curvature.double(), 0.1)),
        ("sam { rho: 0.5 base { lamb { weight_decay: 0.05 } } }", Sam(Lamb(weight_decay=0.05), curvature.double(), 0.5)),
    ):
        file.case(spec, spec=spec, params=of_formula(method, start, gradients, rates))
    file.write()


if __name__ == "__main__":
    main()
