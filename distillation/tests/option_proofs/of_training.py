"""Of how is trained, with adapters or without."""

from __future__ import annotations

from distillation.tests.option_proofs.proof import ADAPTED, CHOICES, EACH, RUNS, SPEC, Proof, each

_VIEWS = f"{EACH}::test_the_student_sees_what_the_augmentation_promises"
_RATES = f"{RUNS}::test_every_step_has_the_rate_of_its_schedule_and_warm_up"
_OPTIMIZERS = (
    "engine/test_optimisation.py::test_an_optimizer_moves_the_weights_like_pytorchs_own_and_unlike_its_neighbours"
)
_SCHEDULES = "engine/test_optimisation.py::test_a_schedule_gives_the_rates_of_pytorchs_own_and_not_of_its_neighbours"
_PHASES = "engine/test_run.py::test_a_distillation_goes_through_its_phases_in_order"
_CHECKPOINTS = f"{RUNS}::test_checkpoints_are_written_as_often_as_asked"
_PEFT = "engine/lora/test_adapter.py::test_the_adapted_teacher_answers_as_one_that_plain_peft_trained"
_BIASES = "engine/lora/test_modules.py::test_the_biases_that_learn_are_those_asked_for"
_HEAD = "engine/lora/test_student.py::test_adapters_and_head_learn_and_plain_weights_are_delivered"

TRAINING: dict[str, Proof] = {
    "totalEpochs": Proof("engine", "epochs and steps counted by hand", (_PHASES, SPEC)),
    "batchSize": Proof(
        "engine", "steps counted by hand; a size left open gives the weights of the same size said",
        (_PHASES, "engine/test_fitting_batch.py::test_a_run_that_leaves_the_batch_size_open_keeps_what_it_chose"),
    ),
    "learningRate": Proof(
        "engine", "the rate of every step, at two highest rates, and PyTorch's own optimizers", (_RATES, _OPTIMIZERS),
    ),
    "optimizer": Proof(
        "engine", "PyTorch's own optimizers", (_OPTIMIZERS, CHOICES),
        each("adamw adam sgd adagrad rmsprop", _OPTIMIZERS),
    ),
    "lrScheduler": Proof(
        "engine", "PyTorch's own schedulers, and formulas in whole runs", (_SCHEDULES, _RATES, CHOICES),
        each("cosine linear constant polynomial step", _SCHEDULES),
    ),
    "weightDecay": Proof(
        "engine", "PyTorch's own optimizers; a run with much of it ends with smaller weights",
        (_OPTIMIZERS, f"{RUNS}::test_weight_decay_makes_the_weights_smaller"),
    ),
    "gradAccumSteps": Proof(
        "engine", "the weights of a run with a batch twice as large",
        ("engine/test_run.py::test_accumulated_batches_train_like_one_large_batch", SPEC),
    ),
    "maxGradNorm": Proof(
        "engine", "the norm of the gradient of every step",
        (f"{RUNS}::test_no_step_is_taken_with_a_larger_gradient_than_allowed", SPEC),
    ),
    "augmentation": Proof(
        "engine", "clean, mirrored and joined pictures, as each strength has them or not",
        (_VIEWS, "engine/augmentation/test_strength.py::test_each_name_goes_further_than_the_one_before"),
        each("none light standard strong", _VIEWS),
    ),
    "cacheViews": Proof(
        "engine", "three kept answers a picture; views that come back in turn",
        (
            "engine/test_augmented_run.py::"
            "test_the_kept_answers_are_the_teachers_to_the_very_views_that_the_student_sees",
            "engine/test_view_feed.py::test_views_come_back_in_turn_and_are_new_every_epoch_without_a_number",
        ),
    ),
    "selectBest": Proof(
        "engine", "the weights at each epoch's end",
        (f"{RUNS}::test_the_best_epoch_or_the_last_one_is_delivered",),
    ),
    "warmupRatio": Proof("engine", "PyTorch's own linear rise, and formulas in whole runs", (_SCHEDULES, _RATES)),
    "amp": Proof(
        "engine", "the type of what layers give, and the weights of a run in float32",
        (
            f"{RUNS}::test_mixed_precision_computes_the_training_forward_in_bfloat16",
            f"{RUNS}::test_mixed_precision_ends_near_the_weights_of_float32_and_not_at_them",
        ),
    ),
    "ema": Proof(
        "engine", "the average by its formula, of the weights after each step",
        (
            f"{RUNS}::test_the_delivered_average_is_that_of_the_weights_after_each_step",
            f"{RUNS}::test_without_an_average_the_last_step_s_weights_are_delivered",
        ),
    ),
    "earlyStopping": Proof(
        "engine", "epochs counted by hand, with patience of none, one and two",
        (f"{RUNS}::test_early_stopping_ends_both_arms_after_as_many_epochs_without_a_better_one",),
    ),
    "seed": Proof(
        "engine", "equal weights of equal seeds and others of others",
        (
            "engine/test_run.py::test_the_same_spec_gives_the_same_weights",
            "engine/test_run.py::test_another_seed_gives_other_weights",
        ),
    ),
    "seeds": Proof(
        "engine", "the weights and figures of a single run with each seed",
        ("engine/test_seeds.py::test_two_seeds_are_two_single_runs_of_which_the_first_is_delivered", SPEC),
    ),
    "deterministic": Proof(
        "engine", "PyTorch's own switch",
        (f"{RUNS}::test_only_a_deterministic_run_refuses_what_a_gpu_cannot_repeat",),
    ),
    "autoSaveCheckpoint": Proof("engine", "the epochs at which there were checkpoints, or none", (_CHECKPOINTS, SPEC)),
    "checkpointInterval": Proof("engine", "the epochs at which checkpoints were written", (_CHECKPOINTS, SPEC)),
    "gpuDevices": Proof(
        "worker", "the GPUs that the engine sees; the weights of one process",
        (
            "jobs/test_gpus.py::test_a_task_gets_the_gpus_that_it_names_in_that_order_and_others_one_each",
            "engine/parallel/test_parallel_run.py::"
            "test_a_shared_run_that_was_stopped_and_went_on_ends_with_the_weights_of_one_process",
            "engine/parallel/test_team.py::test_the_gradient_of_two_processes_is_that_of_one",
        ),
    ),
}  # fmt: skip

_PLAIN_PEFT = "answers of a teacher that plain peft trained with this value, and with its neighbour"

LORA: dict[str, Proof] = {
    "loraTarget": Proof(
        "engine", "which weights are others than at first, and whose",
        ("services/test_every_option.py::test_options_of_a_whole_part_add_it",),
        {
            "none": "contract/test_request_lora.py::test_the_settings_become_those_of_the_run",
            "teacher": ADAPTED,
            "student": _HEAD,
        },
    ),
    "loraPreset": Proof(
        "request", "the preset's own values", ("services/test_tasks.py::test_a_preset_fills_what_was_left_empty",),
    ),
    "loraRank": Proof("engine", _PLAIN_PEFT, (_PEFT, SPEC)),
    "loraAlpha": Proof(
        "engine", _PLAIN_PEFT + "; W + alpha / rank · B A",
        (_PEFT, "engine/lora/test_adapter.py::test_a_merged_module_has_the_weight_w_plus_alpha_over_rank_b_a"),
    ),
    "loraDropout": Proof("engine", _PLAIN_PEFT, (_PEFT, SPEC)),
    "loraTargetModules": Proof(
        "engine", _PLAIN_PEFT, (_PEFT, "engine/lora/test_modules.py::test_names_stand_for_modules"),
    ),
    "loraLayers": Proof(
        "engine", _PLAIN_PEFT,
        (
            _PEFT, "engine/lora/test_modules.py::test_names_stand_for_modules",
            "contract/test_request_lora.py::test_layers_are_numbers_and_ranges",
        ),
    ),
    "loraBiasTrain": Proof(
        "engine", "names of biases; " + _PLAIN_PEFT, (_BIASES, _PEFT), each("none lora_only all", _BIASES),
    ),
    "loraEpochs": Proof("engine", _PLAIN_PEFT, (_PEFT, SPEC)),
}  # fmt: skip
