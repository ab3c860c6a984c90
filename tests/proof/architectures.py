"""The timm architectures of the matrices: families side by side, at the smallest sizes that they take."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from redraw import noise, redraw

SEED = 1
BATCH = (1, 2, 4)
# From this many images batch norm's statistics are taken: deep maps are down to two by two pixels.
STATISTICS = 8


@dataclass(frozen=True)
class Architecture:
    """A timm model's name with what it is made with; `size` is the height and width of its images."""

    family: str
    name: str
    size: int = 64
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The name, with the options beyond the size."""
        return "-".join([self.name, *(f"{key}{value}" for key, value in self.options.items() if key != "img_size")])

    @property
    def words(self) -> str:
        """Its input as the command line writes it."""
        return f"x:float32[batch,3,{self.size},{self.size}]"


def sized(family: str, name: str, size: int = 64) -> Architecture:
    """One that is made for its image size."""
    return Architecture(family, name, size, {"img_size": size})


ARCHITECTURES = (
    Architecture("residual", "resnet18"),
    Architecture("residual, dilated", "resnet26", options={"output_stride": 8}),
    Architecture("residual, grouped", "resnext50_32x4d"),
    Architecture("residual, multi-scale", "res2net50_14w_8s"),
    Architecture("squeeze and excitation", "seresnext26t_32x4d"),
    Architecture("selective kernels", "skresnet18"),
    Architecture("split attention", "resnest14d"),
    Architecture("cross-stage partial", "cspresnet50"),
    Architecture("dense", "densenet121"),
    Architecture("dual path", "dpn48b"),
    Architecture("deep aggregation", "dla46_c"),
    Architecture("one-shot aggregation", "ese_vovnet19b_dw"),
    Architecture("high resolution", "hrnet_w18_small"),
    Architecture("inception", "inception_v3", 96),
    Architecture("separable, atrous", "xception41"),
    Architecture("depthwise", "mobilenetv3_small_100"),
    Architecture("depthwise", "mobilenetv4_conv_small"),
    Architecture("depthwise", "efficientnet_b0"),
    Architecture("depthwise, mixed kernels", "mixnet_s"),
    Architecture("ghost", "ghostnet_100"),
    Architecture("regnet", "regnety_002"),
    Architecture("reparameterised", "repvgg_a0"),
    Architecture("reparameterised", "repvit_m0_9"),
    Architecture("PP-HGNet", "hgnetv2_b0"),
    Architecture("element-wise products", "starnet_s1"),
    Architecture("normaliser-free", "nf_regnet_b0"),
    Architecture("normaliser-free", "eca_nfnet_l0"),
    Architecture("group norm, standardised weights", "resnetv2_50x1_bit"),
    Architecture("layer norm CNN", "convnext_atto"),
    Architecture("layer norm CNN", "convnextv2_atto"),
    Architecture("layer norm CNN", "inception_next_atto"),
    Architecture("gated CNN", "mambaout_femto"),
    Architecture("attention pooling", "resnet50_clip", options={"img_size": 64}),
    Architecture("bottleneck attention", "botnet26t_256", options={"img_size": 64}),
    Architecture("lambda layers", "lambda_resnet26t"),
    sized("vision transformer", "vit_tiny_patch16_224"),
    sized("vision transformer, distilled", "deit_tiny_distilled_patch16_224"),
    sized("vision transformer, rotary", "eva02_tiny_patch14_224", 56),
    sized("vision transformer, CNN stem", "vit_tiny_r_s16_p8_224"),
    sized("vision transformer, pooling", "pit_ti_224"),
    sized("vision transformer, hierarchical", "hiera_tiny_224"),
    sized("transformer in transformer", "tnt_s_legacy_patch16_224"),
    sized("class attention", "cait_xxs24_224"),
    sized("gated position attention", "convit_tiny"),
    Architecture("cross-covariance attention", "xcit_nano_12_p16_224"),
    Architecture("two-branch transformer", "crossvit_tiny_240", 240),
    sized("windows", "swin_tiny_patch4_window7_224", 112),
    sized("windows, cosine attention", "swinv2_tiny_window8_256"),
    Architecture("windows, locally grouped", "twins_svt_small"),
    Architecture("windows, tiny", "tiny_vit_5m_224", 224),
    sized("multi-scale attention", "mvitv2_tiny"),
    Architecture("pyramid", "pvt_v2_b0"),
    Architecture("dual attention", "davit_tiny"),
    Architecture("focal modulation", "focalnet_tiny_srf"),
    sized("mixer", "mixer_s16_224"),
    sized("MLP, gated", "gmlp_ti16_224"),
    sized("MLP, residual", "resmlp_12_224"),
    sized("LSTM", "sequencer2d_s"),
    sized("CNN and attention", "coatnet_pico_rw_224"),
    sized("CNN and attention", "maxvit_rmlp_pico_rw_256"),
    sized("CNN and attention", "coat_lite_tiny"),
    sized("CNN and attention", "levit_128s"),
    Architecture("pooling as mixer", "poolformer_s12"),
    Architecture("mobile hybrid", "edgenext_xx_small"),
    Architecture("mobile hybrid", "mobilevit_xxs"),
    Architecture("mobile hybrid", "mobilevitv2_050"),
    Architecture("mobile hybrid", "fastvit_t8"),
    Architecture("mobile hybrid", "efficientformer_l1", 224),
    Architecture("linear attention", "efficientvit_b0"),
)


def architecture(id: str) -> Architecture:
    """The one of that id."""
    return next(one for one in ARCHITECTURES if one.id == id)


def build(one: Architecture) -> torch.nn.Module:
    """The network with ten classes, re-drawn, in eval mode."""
    import timm

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # timm's own, about names and defaults that will change
        model = timm.create_model(one.name, num_classes=10, **one.options)
    return redraw(model, SEED, noise(SEED, STATISTICS, 3, one.size, one.size))


def export(model: torch.nn.Module, one: Architecture, out: Path) -> Path:
    """Write the network as an exported program with a dynamic batch."""
    least, usual, most = BATCH
    batch = torch.export.Dim("batch", min=least, max=most)
    program = torch.export.export(model, (noise(SEED, usual, 3, one.size, one.size),), dynamic_shapes=({0: batch},))
    torch.export.save(program, out)
    return out
