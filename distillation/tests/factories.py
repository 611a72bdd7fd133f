"""Rows for tests, with every field valid unless a test says otherwise."""

from __future__ import annotations

import factory
from django.contrib.auth.models import User
from factory.django import DjangoModelFactory

from distillation.models import InferenceJob, LoraPreset, ModelEvaluation, TrainingHistory, TrainingTask


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"user{n}")
    is_staff = True
    is_superuser = True


class TaskFactory(DjangoModelFactory):
    class Meta:
        model = TrainingTask

    task_name = factory.Sequence(lambda n: f"任务 {n}")
    teacher_model = "big-teacher"
    student_model = "cnn-tiny"
    dataset_id = "digits"
    total_epochs = 3
    create_by = "alice"


class HistoryFactory(DjangoModelFactory):
    class Meta:
        model = TrainingHistory

    task = factory.SubFactory(TaskFactory)
    epoch = factory.Sequence(lambda n: n + 1)
    train_loss = "0.5"
    val_accuracy = "90"


class EvaluationFactory(DjangoModelFactory):
    class Meta:
        model = ModelEvaluation

    task = factory.SubFactory(TaskFactory)
    f1_score = "90"


class PresetFactory(DjangoModelFactory):
    class Meta:
        model = LoraPreset

    preset_name = factory.Sequence(lambda n: f"预设 {n}")
    target_modules = '["q_proj"]'
    create_by = "alice"


class InferenceFactory(DjangoModelFactory):
    class Meta:
        model = InferenceJob

    task_id = "TASK_1A2B3C4D"
    model_type = "cnn-tiny"
    task_type = "classification"
    model_path = "runs/TASK_1A2B3C4D/artifacts/model"
    input_dir = "uploads"
    output_dir = "labels/first"
    formats = "labelme,csv"
    create_by = "alice"
