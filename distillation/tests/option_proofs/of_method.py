"""Of how a teacher teaches."""

from __future__ import annotations

from distillation.tests.option_proofs.proof import ADAPTED, CHOICES, EACH, RUNS, SPEC, SUM, Proof, each

_TERMS = f"{EACH}::test_the_terms_of_the_kind_count_with_weights_that_need_not_make_up_one"
_DENSE = "engine/test_dense_answers.py::test_answers_are_compared_at_the_temperature_and_at_no_other"
_SOFT = f"{RUNS}::test_the_soft_loss_is_that_of_the_method_and_of_no_other"
_FEATURES = "engine/test_feature_comparisons.py"
_COMPARED = f"{_FEATURES}::test_a_run_compares_as_its_feature_loss_says_and_not_as_a_neighbour"
_LAYERS = "engine/test_feature_run.py::test_another_layer_or_weight_gives_other_weights"
_JOINT = "engine/lora/test_joint.py"

METHOD: dict[str, Proof] = {
    "temperature": Proof(
        "engine", "each soft loss written out, at this temperature and at others", (_SOFT, _DENSE, SPEC),
    ),
    "alpha": Proof(
        "request", "1 − alpha, and the gradient of the weighted sum",
        (
            "contract/test_create_request.py::test_soft_and_hard_weights_replace_alpha", SUM,
            "services/test_every_option.py::test_an_option_of_several_parts_changes_these",
        ),
    ),
    "softLabelWeight": Proof(
        "engine", "the weighted sum, and autograd's gradient of it, with weights that do not make up one",
        (SUM, _TERMS, SPEC),
    ),
    "hardLabelWeight": Proof(
        "engine", "the weighted sum, and autograd's gradient of it, with weights that do not make up one",
        (SUM, _TERMS, SPEC),
    ),
    "control": Proof(
        "engine", "the arms that were trained; the control's loss is the hard loss",
        (
            f"{EACH}::test_a_control_is_trained_where_it_is_asked_for_alone",
            "engine/test_run.py::test_the_epoch_figures_hold_the_weighted_sum_and_its_terms",
        ),
    ),
    "collaboration": Proof(
        "engine", "both gradients written out; answers are kept, or none are",
        (f"{_JOINT}::test_each_side_is_moved_by_its_own_loss_alone",),
        {"none": ADAPTED, "joint": f"{_JOINT}::test_both_learn_and_no_answers_are_kept"},
    ),
    "method": Proof("engine", "each soft loss written out in double precision", (_SOFT,), each("kd dkd dist", _SOFT)),
    "distillLossType": Proof(
        "engine", "each soft loss written out in double precision", (_SOFT, CHOICES),
        each("kl_div mse cosine cross_entropy", _SOFT),
    ),
    "distillationType": Proof(
        "engine", "the terms that there are, and their weighted sum", (_TERMS,),
        each("logit feature hybrid", _TERMS),
    ),
    "featureLossType": Proof(
        "engine", "golden values of the papers' formulas", (_COMPARED, CHOICES),
        each("cwd mse cosine at rkd sp pkt", _COMPARED)
        | {"mgd": f"{_FEATURES}::test_mgd_compares_what_it_generates_with_the_teacher_s_map"},
    ),
    "featureWeight": Proof(
        "engine", "autograd's gradient of the weighted sum",
        ("engine/test_objective.py::test_the_feature_term_has_the_soft_weight_times_its_own", _LAYERS, SPEC),
    ),
    "intermediateLayers": Proof(
        "engine", "the delivered weights: those of no names with the same layers named, others with others",
        (_LAYERS, f"{_FEATURES}::test_several_layers_count_by_their_mean", SPEC),
    ),
    "attentionDistill": Proof("request", "the feature loss at, with its golden value", (SPEC, _COMPARED)),
    "alignFeature": Proof(
        "engine", "a projection by einsum, and the features as they are",
        (
            f"{_FEATURES}::"
            "test_alignment_projects_the_student_s_features_and_without_it_they_are_compared_as_they_are",
            _LAYERS,
        ),
    ),
}  # fmt: skip
