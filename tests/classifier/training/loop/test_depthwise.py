"""The fast backward pass gives the gradients of the plain one."""

import copy

import pytest
import timm
import torch
from torch import nn

from classifier.training.loop.depthwise import replace_depthwise


def gradients(network, pictures):
    network(pictures).square().sum().backward()
    return [one.grad for one in network.parameters()]


def test_all_gradients_of_a_network_stay_the_same():
    torch.manual_seed(1)
    plain = timm.create_model("tf_efficientnet_lite0", num_classes=3).double()
    fast = copy.deepcopy(plain)
    assert replace_depthwise(fast) == 16
    pictures = torch.randn(2, 3, 64, 64, dtype=torch.double)
    for one, other in zip(gradients(fast, pictures), gradients(plain, pictures), strict=True):
        torch.testing.assert_close(one, other)
    assert list(fast.state_dict()) == list(plain.state_dict())


@pytest.mark.parametrize(("side", "stride"), [(3, 1), (3, 2), (5, 1), (5, 2), (7, 2)])
def test_bfloat16_differs_by_its_own_rounding_only(side, stride):
    torch.manual_seed(1)
    plain = nn.Sequential(nn.Conv2d(8, 8, side, stride, side // 2, groups=8, bias=False))
    fast = copy.deepcopy(plain)
    assert replace_depthwise(fast) == 1
    pictures = torch.randn(2, 8, 19, 17)
    inputs = [pictures.clone().requires_grad_() for _ in range(2)]
    made = [plain(inputs[0])]
    with torch.autocast("cpu", torch.bfloat16):
        made.append(fast(inputs[1]))
    assert made[1].dtype == torch.bfloat16
    for one in made:
        one.float().sum().backward()
    torch.testing.assert_close(inputs[1].grad, inputs[0].grad, rtol=0.02, atol=0.02)
    torch.testing.assert_close(fast[0].weight.grad, plain[0].weight.grad, rtol=0.02, atol=0.5)


def test_other_convolutions_stay():
    others = nn.Sequential(
        nn.Conv2d(8, 8, 3), nn.Conv2d(8, 16, 3, groups=8), nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 8, 2, groups=8)
    )
    assert replace_depthwise(others) == 0
