"""Two classifiers side by side answer as the mean of both, and are a classifier like any other."""

from dataclasses import replace

import pytest
import torch

from classifier.artefact import ArtefactSpec, CropRule, Preprocessing, TrainedClass, artefact_write
from classifier.engines.networks import build, classification_network
from classifier.recognise import WEIGHTS, Recogniser
from classifier.training.data.cleaning.seen_photos import ENSEMBLE_OF, STARTED_FROM, SeenPhotos, seen_photos_read
from classifier.training.data.manifest import manifest_read
from classifier.training.errors import TrainError
from classifier.training.model.ensemble import ensembled, members_of, partner_check, partner_read
from classifier.training.progress import Silent
from classifier.training.recipe import recipe_load
from classifier.training.request import TrainingContext, TrainingRequest
from classifier.training.train import train
from tests.classifier.training.pictures import picture, picture_row

ONE, OTHER = "test_efficientnet", "test_byobnet"  # their heads have other names, their features another width
CLASSES = (TrainedClass("Audi", "A3"), TrainedClass("BMW", "X5", "2012"), TrainedClass("Fiat", "500"))
LOOK = Preprocessing(32, crop=CropRule(1, 0.05))


def made(folder, backbone, classes=CLASSES, *, seed=1, preprocessing=LOOK, state=None, hidden=()):
    torch.manual_seed(seed)
    if state is None:
        state = classification_network(backbone, outputs=len(classes), hidden=hidden).state_dict()
    spec = ArtefactSpec(
        task="classifier", backbone=backbone, preprocessing=preprocessing, classes=classes, head_hidden=hidden
    )
    return artefact_write(parent=folder, name="tiny", spec=spec, state_dict=state)


def said(artefact):
    with torch.inference_mode():
        return build(artefact)(torch.rand(5, 3, 32, 32, generator=torch.Generator().manual_seed(0)))


def together(folder, new, other):
    backbone, state = ensembled(
        backbone=new.spec.backbone, state=new.state_dict(), classes=new.spec.classes, partner=partner_read(other)
    )
    return made(folder, backbone, new.spec.classes, state=state)


def test_the_answer_is_the_mean_of_both_class_by_class_in_the_new_ones_order(tmp_path):
    new = made(tmp_path, ONE, (CLASSES[2], CLASSES[0]))
    other = made(tmp_path, OTHER, (CLASSES[0], CLASSES[1], TrainedClass("FIAT", "500")), seed=2)
    both = together(tmp_path, new, other)
    assert both.spec.backbone == f"{ONE}+{OTHER}"
    assert torch.allclose(said(both), (said(new) + said(other)[:, [2, 0]]) / 2, atol=2e-3)


def test_a_third_one_counts_as_much_as_each_of_the_two_before(tmp_path):
    one, two, three = (made(tmp_path, name, seed=seed) for seed, name in enumerate((ONE, OTHER, ONE)))
    every = together(tmp_path, three, together(tmp_path, one, two))
    assert torch.allclose(said(every), (said(one) + said(two) + said(three)) / 3, atol=2e-3)


def test_its_members_can_be_had_again(tmp_path):
    one, two = made(tmp_path, ONE), made(tmp_path, OTHER, seed=2)
    assert [name for name, _ in members_of(one)] == [ONE]
    members = members_of(together(tmp_path, one, two))
    assert [name for name, _ in members] == [ONE, OTHER]
    again = [said(made(tmp_path / "again", name, state=state)) for name, state in members]
    assert torch.allclose(sum(again) / 2, (said(one) + said(two)) / 2, atol=2e-3)
    shifted = again[1] - said(two)  # by a bias that both share, for every photo alike
    assert torch.allclose(shifted, shifted[:1].expand_as(shifted), atol=2e-3)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"backbone": "dla34"}, "the head of 'dla34' is not one linear layer"),
        ({"hidden": (8,)}, "neither .* may have head_hidden"),
        ({"preprocessing": replace(LOOK, input_size=64)}, "shown its cars as 32 px.*would be as 64 px"),
        ({"preprocessing": replace(LOOK, crop=CropRule(1, 0.1))}, "margin 0.05.*margin 0.1"),
        ({"classes": (*CLASSES, TrainedClass("BMW", "X5", "2015"))}, "does not know 1 of the 4 .*BMW X5 2015"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_learned(tmp_path, given, message):
    other = made(tmp_path, OTHER)
    fitting = {
        "backbone": ONE, "hidden": (), "preprocessing": LOOK, "classes": CLASSES[:2],
    }  # fmt: skip
    partner_check(other, **fitting)
    with pytest.raises(TrainError, match=message):
        partner_check(other, **{**fitting, **given})


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A working folder for all tests here: what one has trained ends at once for the next."""
    return tmp_path_factory.mktemp("work")


@pytest.fixture
def site(tmp_path, work, shipped_converted):
    """train() on two kinds of pictures, beside a starter of another backbone."""
    folder = tmp_path / "cars"
    lines = ["file,make,model,vehicle,split"]
    for number in range(24):
        side = "train" if number < 16 else "val"
        picture_row(folder / f"{number}.jpg", picture(number % 2), split=side)
        lines.append(f"{number}.jpg,BMW,X{3 + number % 2},car-{number},{side}")
    (folder / "manifest.csv").write_text("\n".join(lines))
    rows = manifest_read(folder)
    weights = tmp_path / "weights"
    (weights / "classifier").mkdir(parents=True)
    for task in ("detector", "usable"):
        (weights / task).symlink_to(WEIGHTS / task)

    def trained(**given):
        values = {"name": "tiny", "backbone": ONE, "input_sizes": (32,), "batch": 8, "min_photos_per_class": 2}
        recipe = replace(recipe_load("default"), **{**values, "start": "nothing", **given})
        return train(
            request=TrainingRequest(rows=rows, recipe=recipe, epochs=1, resume=True, seen_photos=SeenPhotos()),
            context=TrainingContext(work_dir=work, weights=weights, progress=Silent(), engine_cache=shipped_converted),
            out=tmp_path / "out",
            report=False,
        ).artefact

    def ship(artefact):
        for old in (weights / "classifier").iterdir():
            old.unlink()
        (weights / "classifier" / artefact.version).symlink_to(artefact.folder)

    return trained, ship


def test_a_recipe_sets_what_it_trains_beside_the_starter_without_learning_again(site, convert, ir_cache, work):
    trained, ship = site
    starter = trained(backbone=OTHER)
    ship(starter)
    alone = trained()
    checkpoints = {path: path.stat().st_mtime_ns for path in work.glob("tiny-*/checkpoint.pt")}
    both = trained(ensemble_with="starter")
    assert {path: path.stat().st_mtime_ns for path in checkpoints} == checkpoints
    assert both.spec.backbone == f"{ONE}+{OTHER}"
    assert both.spec.recipe[ENSEMBLE_OF] == starter.version
    assert seen_photos_read(both.folder) is not None
    assert both.spec.preprocessing == alone.spec.preprocessing
    assert torch.allclose(said(both), (said(alone) + said(starter)) / 2, atol=2e-3)
    convert(both)
    recogniser = Recogniser.open(classifier=both.folder, cache_dir=ir_cache)
    try:
        seen = recogniser.log_probs([torch.rand(3, 32, 32).numpy()])
    finally:
        recogniser.close()
    assert seen[0].shape == (2,)


def test_a_training_that_starts_from_an_ensemble_goes_on_from_the_member_of_its_backbone(site):
    trained, ship = site
    starter = trained(backbone=OTHER)
    ship(starter)
    both = trained(ensemble_with="starter")
    ship(both)
    still = {"lr_backbone": 0.0, "lr_head": 1e-8, "weight_decay": 0.0}
    further = trained(backbone=OTHER, start="starter", **still)
    assert further.spec.recipe[STARTED_FROM] == both.version
    name = "stem.conv.weight"
    assert torch.allclose(further.state_dict()[name].float(), starter.state_dict()[name].float(), atol=1e-3)


def test_quick_extends_an_ensemble(site):
    trained, ship = site
    ship(trained(backbone=OTHER))
    both = trained(ensemble_with="starter")
    ship(both)
    more = trained(start="champion", freeze_backbone=True)
    assert more.spec.backbone == both.spec.backbone
    for name, value in both.state_dict().items():
        if name.startswith("parts."):
            assert torch.equal(more.state_dict()[name], value), name
