"""Golden values for DistillTests, from PyTorch: python make_golden.py  (needs torch, safetensors; any versions).

Writes losses.safetensors: random inputs and, for each loss, its value and the gradient that autograd finds, computed in double
precision from inputs rounded to single, stored in single.

    student, teacher        logits [16, 10], standard deviation 3 and 4
    labels                  [16]
    LOSS@T, LOSS@T.gradient the response losses at T = 0.5, 1, 4, 20, gradient with respect to student
    map.student, .teacher   feature maps [6, 4, 4, 5] and [6, 4, 4, 7], map.adapted [6, 4, 4, 7] in place of an adapter's output
    FEATURE, .gradient      the feature losses, gradient with respect to map.student or map.adapted
    LOSS.ctkd, .gradient    the response losses at T = 1 + 20 sigmoid(theta), theta = -0.7: the value, and what reaches theta through a
                            layer that reverses gradients times 0.4
    crd.student, .positive  points [8, 5] of norm 1 but for the student's, crd.negative [12, 5], crd.others [8, 12] (1 where a negative
                            is one of that row), crd, .gradient: tau 0.1, 40 negatives, z 1.5, with respect to crd.student

The formulas are written down from the papers with PyTorch's own functions (kl_div, cosine_similarity, smooth_l1_loss,
normalize); reductions are Retort's where a paper's code has others, which is said beside them.
"""

import pathlib

import torch
from safetensors.torch import save_file
from torch.nn import functional as F

torch.manual_seed(20)
torch.set_default_dtype(torch.float64)


def single(*shape, scale=1.0):
    return (torch.randn(*shape) * scale).float().double()


def kl(teacher, student, t):
    return F.kl_div(F.log_softmax(student / t, 1), F.log_softmax(teacher / t, 1), reduction="batchmean", log_target=True)


def jensen_shannon(s, t, temperature):
    p, q = F.softmax(s / temperature, 1), F.softmax(t / temperature, 1)
    m = (0.5 * (p + q)).log()
    return 0.5 * (F.kl_div(m, p, reduction="batchmean") + F.kl_div(m, q, reduction="batchmean"))


def decoupled(s, t, labels, temperature, alpha=1.0, beta=8.0):
    hot = F.one_hot(labels, s.shape[1]).bool()
    p, q = F.softmax(s / temperature, 1), F.softmax(t / temperature, 1)
    both = lambda x: torch.stack([x[hot], x[~hot].view(len(x), -1).sum(1)], 1)
    tckd = F.kl_div(both(p).log(), both(q), reduction="batchmean")
    others = lambda x: x[~hot].view(len(x), -1)
    return alpha * tckd + beta * kl(others(t), others(s), temperature)


def correlation(s, t, temperature, beta=2.0, gamma=2.0):
    # The paper's 1 - r where both norms are above 1e-3; its code has no such bound and divides by the norms + 1e-8.
    def relation(a, b):
        unit = lambda x: (x - x.mean(1, keepdim=True)) / (x - x.mean(1, keepdim=True)).norm(dim=1, keepdim=True).clamp(min=1e-3)
        return 0.5 * (unit(a) - unit(b)).pow(2).sum(1).mean()

    p, q = F.softmax(s / temperature, 1), F.softmax(t / temperature, 1)
    return beta * relation(p, q) + gamma * relation(p.T, q.T)


def standardized(x):
    return F.layer_norm(x, x.shape[1:], eps=1e-5)


def hint(s, t):
    return F.mse_loss(s, t) / t.pow(2).mean()


def margin_relu(s, t):
    negative = (t < 0).double()
    margin = (t * negative).sum((0, 1, 2)) / negative.sum((0, 1, 2)).clamp(min=1)
    target = torch.maximum(t, margin)
    counts = ((s > target) | (target > 0)).double()
    return (F.mse_loss(s, target, reduction="none") * counts).mean() / target.pow(2).mean()


def attention(s, t):
    # Summed over positions; the paper's code takes their mean.
    at = lambda x: F.normalize(x.pow(2).mean(3).flatten(1))
    return (at(s) - at(t)).pow(2).sum(1).mean()


def similarity(s, t):
    g = lambda x: F.normalize(x.flatten(1) @ x.flatten(1).T)
    return (g(s) - g(t)).pow(2).mean()


def relational(s, t, distance, angle):
    s, t = s.mean((1, 2)), t.mean((1, 2))

    def distances(x):
        n = len(x)
        off = ~torch.eye(n, dtype=torch.bool)
        rows, columns = off.nonzero(as_tuple=True)
        d = (x[rows] - x[columns]).pow(2).sum(1).sqrt()
        return torch.zeros(n, n).masked_scatter(off, d / d.mean())

    def angles(x):
        e = F.normalize(x[None] - x[:, None], dim=2)
        return e @ e.transpose(1, 2)

    return distance * F.smooth_l1_loss(distances(s), distances(t)) + angle * F.smooth_l1_loss(angles(s), angles(t))


out = {}


def keep(name, variable, loss):
    variable.grad = None
    loss.backward()
    out[name] = loss.detach().reshape(1)
    out[name + ".gradient"] = variable.grad.clone()


student, teacher = single(16, 10, scale=3), single(16, 10, scale=4)
labels = torch.randint(0, 10, (16,))
out |= {"student": student.clone(), "teacher": teacher}
student.requires_grad_()
for t in [0.5, 1.0, 4.0, 20.0]:
    losses = {
        "kl": kl(teacher, student, t),
        "reverse": kl(student, teacher, t),
        "mixture": 0.75 * kl(teacher, student, t) + 0.25 * kl(student, teacher, t),
        "jensenShannon": jensen_shannon(student, teacher, t),
        "decoupled": decoupled(student, teacher, labels, t),
        "correlation": correlation(student, teacher, t),
        "standardized": kl(standardized(teacher), standardized(student), t),
    }
    for name, loss in losses.items():
        keep(f"{name}@{t:g}", student, t * t * loss)
    # Half the mean over classes.
    keep(f"meanSquaredError@{t:g}", student, 0.5 * F.mse_loss(student, teacher))

small, large, adapted = single(6, 4, 4, 5), single(6, 4, 4, 7), single(6, 4, 4, 7)
out |= {"map.student": small.clone(), "map.teacher": large, "map.adapted": adapted.clone()}
small.requires_grad_(), adapted.requires_grad_()
keep("hint", adapted, hint(adapted, large))
keep("marginReLU", adapted, margin_relu(adapted, large))
keep("attention", small, attention(small, large))
keep("similarity", small, similarity(small, large))
keep("relational", small, relational(small, large, 25, 50))

class Reversal(torch.autograd.Function):
    # Ganin et al., arXiv 1409.7495, as CTKD has it.
    @staticmethod
    def forward(context, x, strength):
        context.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(context, upstream):
        return -context.strength * upstream, None


theta = torch.tensor([-0.7]).float().double().requires_grad_()
fixed = student.detach()
learnt = {
    "kl": lambda t: kl(teacher, fixed, t),
    "mixture": lambda t: 0.75 * kl(teacher, fixed, t) + 0.25 * kl(fixed, teacher, t),
    "jensenShannon": lambda t: jensen_shannon(fixed, teacher, t),
    "decoupled": lambda t: decoupled(fixed, teacher, labels, t),
    "correlation": lambda t: correlation(fixed, teacher, t),
    "standardized": lambda t: kl(standardized(teacher), standardized(fixed), t),
}
for name, loss in learnt.items():
    t = 1 + 20 * torch.sigmoid(Reversal.apply(theta, 0.4))
    keep(f"{name}.ctkd", theta, (t * t * loss(t)).sum())

points = single(8, 5)
positive, negative = F.normalize(single(8, 5)).float().double(), F.normalize(single(12, 5)).float().double()
others = (torch.rand(8, 12) < 0.8).double()
others[0] = 0  # a row without negatives
out |= {"crd.student": points.clone(), "crd.positive": positive, "crd.negative": negative, "crd.others": others}
points.requires_grad_()


def contrastive(s, positive, negative, others, tau, count, z):
    s = F.normalize(s)
    h = lambda x: torch.exp(x / tau) / (torch.exp(x / tau) + count * z)
    near = -torch.log(h((s * positive).sum(1)))
    far = -(torch.log(1 - h(s @ negative.T)) * others).sum(1) / others.sum(1).clamp(min=1)
    return (near + count * far).mean()


keep("crd", points, contrastive(points, positive, negative, others, 0.1, 40, 1.5))

tensors = {name: value.detach().float().contiguous() for name, value in out.items()}
tensors["labels"] = labels
save_file(tensors, pathlib.Path(__file__).parent / "losses.safetensors")
