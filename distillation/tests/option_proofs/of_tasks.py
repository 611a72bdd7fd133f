"""Of what is learned, from which data, by which models."""

from __future__ import annotations

from distillation.tests.option_proofs.proof import CHOICES, EACH, SPEC, SUM, Proof, each

_TEXTS = "api/test_create_and_change.py::test_each_text_is_kept_shown_and_changed_under_its_own_name"
_FILLED = "services/test_tasks.py::test_names_of_data_sets_are_filled_from_them"
_DATA = f"{EACH}::test_pictures_are_learned_of_one_data_set_and_held_out_of_the_other"
_FIRST = f"{EACH}::test_the_first_weights_are_those_of_the_file_or_drawn"
_BITS = "engine/teachers/test_quantisation.py"
_STUDENTS = "contract/test_request_students.py"
_EXTERNAL = "api/test_moves.py::test_an_external_task_runs_at_once_and_stops_at_once"
_SEEN = "api/test_who_may_what.py::test_visibility"
_PATHS = "services/test_teacher_paths.py"

_OWN_TEXT = "another text than that of the other five names, in its column and in the answer"

BASICS: dict[str, Proof] = {
    "taskName": Proof("database", _OWN_TEXT, (_TEXTS,)),
    "description": Proof("database", _OWN_TEXT, (_TEXTS,)),
    "taskInputName": Proof("database", _OWN_TEXT, (_TEXTS,)),
    "remark": Proof("database", _OWN_TEXT, (_TEXTS,)),
    "trainingMode": Proof(
        "engine",
        "the gradient of the hard loss alone, and that of the weighted sum",
        ("services/test_every_option.py::test_options_of_a_whole_part_add_it",),
        {
            "distillation": SUM,
            "direct": "engine/test_objective.py::test_without_a_teacher_the_gradient_is_that_of_the_hard_loss",
        },
    ),
    "taskType": Proof(
        "request",
        "the task of every student of the catalogue; each kind of run has figures of its own",
        (f"{_STUDENTS}::test_a_task_that_the_student_does_not_learn_is_refused_with_those_that_do",),
        {
            "classification": "engine/test_run.py::test_the_result_names_the_model_and_its_figures",
            "detection": "engine/test_detection_run.py::"
            "test_a_detector_that_learned_alone_is_delivered_with_its_figures",
            "segmentation": "engine/test_segmentation_run.py::"
            "test_a_segmenter_that_learned_alone_is_delivered_with_its_figures",
            "sequence": "engine/test_sequence_run.py::"
            "test_a_model_of_sequences_that_learned_alone_is_delivered_with_its_figures",
            "text": "engine/test_text_run.py::test_a_model_of_texts_that_learned_alone_knows_both_languages",
        },
    ),
    "executor": Proof(
        "database",
        "the state after a start: queued for a worker, or running at once",
        ("api/test_external_reports.py::test_a_task_that_the_platform_runs_takes_no_reports",),
        {"platform": "api/test_moves.py::test_start_queues_and_says_what_it_waits_for", "external": _EXTERNAL},
    ),
    "priority": Proof(
        "database",
        "the order of three tasks, of which the last one is more urgent",
        ("lifecycle/test_moves.py::test_the_queue_is_ordered_by_priority_then_by_time",),
    ),
    "visibility": Proof(
        "database", "what a colleague, a stranger and an account without a role find", (_SEEN,),
        each("private team everyone", _SEEN),
    ),
}  # fmt: skip

DATA: dict[str, Proof] = {
    "datasetId": Proof("engine", "numbers of pictures of two data sets of unequal sizes", (_DATA, SPEC)),
    "datasetName": Proof("database", _OWN_TEXT, (_TEXTS, _FILLED)),
    "valDatasetId": Proof("engine", "numbers of pictures of two data sets of unequal sizes", (_DATA, SPEC)),
    "valDatasetName": Proof("database", _OWN_TEXT, (_TEXTS, _FILLED)),
    "numClasses": Proof(
        "start", "the number of the data's folders",
        ("services/test_tasks.py::test_another_number_of_classes_than_the_data_has_is_named_at_start",),
    ),
}  # fmt: skip

MODELS: dict[str, Proof] = {
    "teacherModel": Proof(
        "engine", "the logits of both models, computed here",
        (f"{EACH}::test_the_answers_are_those_of_the_teacher_that_is_named",),
    ),
    "studentModel": Proof(
        "engine", "published numbers of parameters, and those of the delivered network",
        (
            "engine/test_students.py::test_every_student_has_the_parameters_that_the_catalogue_states",
            "engine/test_students.py::test_the_catalogue_states_the_published_number_of_parameters",
            SPEC,
        ),
    ),
    "studentModelType": Proof(
        "request", "the family of every student of the catalogue",
        (f"{_STUDENTS}::test_a_family_agrees_with_its_own_students_alone",),
        each(
            "resnet vit yolov8 yolov5 unet lstm", f"{_STUDENTS}::test_a_family_agrees_with_its_own_students_alone",
        ),
    ),
    "studentModelSize": Proof(
        "request", "names written here", (f"{_STUDENTS}::test_a_bare_family_takes_its_size_or_its_usual_member",),
    ),
    "teacherModelPath": Proof(
        "start", "the folder of the run's teacher, with two others beside it",
        (
            f"{_PATHS}::test_a_place_alone_names_the_teacher",
            f"{_PATHS}::test_a_place_beside_the_models_root_is_below_the_home",
        ),
    ),
    "teacherParamSize": Proof(
        "start", "a million numbers in two files", (f"{_PATHS}::test_a_stated_size_is_compared_with_the_weights",),
    ),
    "studentParamSize": Proof(
        "request", "the published number of parameters",
        ("contract/test_param_sizes.py::test_the_students_size_is_that_of_the_catalogue",),
    ),
    "teacherQuantization": Proof(
        "engine", "transformers in float16; the type of the kept weights; the full answers within a tolerance",
        (f"{_BITS}::test_quantised_answers_are_near_the_full_ones_and_not_the_same",),
        {
            "none": f"{_BITS}::test_quantised_answers_are_near_the_full_ones_and_not_the_same",
            "fp16": f"{_BITS}::test_float16_answers_are_those_of_transformers_in_float16",
            "int8": f"{_BITS}::test_int8_weights_have_eight_bits",
            "8bit": CHOICES,
            "4bit": f"{_BITS}::test_without_the_library_for_it_it_is_refused",
        },
    ),
    "studentInitMethod": Proof(
        "engine", "the weights of the two files, after a run that learns next to nothing",
        (_FIRST, "services/test_first_weights.py::test_distill_starts_from_a_completed_task"),
        {
            "random": _FIRST,
            "pretrained": "services/test_first_weights.py::"
            "test_a_directory_or_a_file_below_the_models_root_is_taken",
            "distill": "services/test_first_weights.py::test_distill_starts_from_a_completed_task",
        },
    ),
    "studentPretrainPath": Proof(
        "engine", "the weights of the two files, after a run that learns next to nothing",
        (_FIRST, "services/test_first_weights.py::test_a_directory_or_a_file_below_the_models_root_is_taken"),
    ),
    "imageSize": Proof(
        "engine", "Pillow's own bilinear square", (f"{EACH}::test_the_student_sees_squares_of_the_size", SPEC),
    ),
}  # fmt: skip
