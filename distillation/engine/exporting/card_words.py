"""The words of the model card, in English and Chinese. The engine has no translation catalogue: a card has both."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "title": ("Model", "模型"),
    "what": ("What it is", "模型说明"),
    "task_type": ("Task", "任务类型"),
    "network": ("Student (parameters)", "学生模型（参数量）"),
    "student": ("Student", "学生模型"),
    "first_weights": ("First weights", "初始权重"),
    "teacher": ("Teacher", "教师模型"),
    "control": ("Control, without teacher", "对照组（无教师）"),
    "dataset": ("Data set", "数据集"),
    "samples": ("Samples", "样本数"),
    "train": ("labelled", "有标注"),
    "unlabeled": ("unlabelled", "无标注"),
    "val": ("held out", "验证"),
    "unreadable": ("Unreadable files", "无法读取的文件"),
    "image_size": ("Picture size", "图片尺寸"),
    "classes": ("Classes", "类别"),
    "figures": ("Figures", "指标"),
    "measured": (
        "Measured on {count} held-out samples with the delivered weights; the student's speed on {device}, {threads} "
        "threads, batches of {batch}, medians of forward passes alone.",
        "以交付的权重在 {count} 个验证样本上测得；学生模型的速度在 {device}、{threads} 个线程、批大小 {batch} 下测得，"
        "为仅前向计算的中位数。",
    ),
    "seeds_how": (
        "Trained once with each seed; the first seed's student is the one delivered. The metric of the first line, "
        "with mean and standard deviation (n - 1); differences are in points, with the same seed.",
        "每个种子各训练一次，交付的是第一个种子的学生模型。表中为首行指标及其均值与标准差（n - 1）；"
        "差值为同一种子下的百分点差。",
    ),
    "seed": ("Seed", "种子"),
    "difference_of_seeds": ("Student − control", "学生 − 对照组"),
    "mean": ("Mean ± deviation", "均值 ± 标准差"),
    "method": ("Method and hyper-parameters", "方法与超参数"),
    "files": ("Files", "文件"),
    "file": ("File", "文件名"),
    "bytes": ("Bytes", "字节数"),
    "checksum": ("SHA-256", "SHA-256"),
    "measured_of": ("Measured", "实测"),
    "lost": ("{points} points less than in float32", "比 float32 低 {points} 个百分点"),
    "difference": (
        "largest difference from PyTorch {absolute}, {relative} of the largest answer, on {count} samples",
        "与 PyTorch 的最大差异 {absolute}，为最大输出的 {relative}，共 {count} 个样本",
    ),
    "use": ("How to use it", "使用方法"),
    "use_script": (
        "Label a picture, with nothing of the training platform:",
        "标注一张图片，无需训练平台：",
    ),
    "use_graph": (
        "`model.onnx` takes plain float32 values in batches of any size and normalises them itself; classes, size and "
        "preparation are in its metadata.",
        "`model.onnx` 接受任意批大小的 float32 原始值，并在图内完成归一化；类别、尺寸与预处理方式写在元数据中。",
    ),
    "use_engine": ("Label a folder of pictures on the platform:", "在平台上标注一个图片文件夹："),
    "versions": ("Versions", "版本"),
}

METRICS: dict[str, tuple[str, str]] = {
    "classification": ("Accuracy, %", "准确率，%"),
    "sequence": ("Accuracy, %", "准确率，%"),
    "text": ("Accuracy, %", "准确率，%"),
    "detection": ("mAP50, %", "mAP50，%"),
    "segmentation": ("Mean IoU, %", "平均 IoU，%"),
}
"""What ``accuracy`` means in each type of task."""

FIGURES: dict[str, tuple[str, str, str]] = {
    "accuracy": ("", "", ".2f"),
    "top5": ("Top-5 accuracy, %", "Top-5 准确率，%", ".2f"),
    "map95": ("mAP50-95, %", "mAP50-95，%", ".2f"),
    "dice": ("Mean Dice, %", "平均 Dice，%", ".2f"),
    "pixel_accuracy": ("Pixel accuracy, %", "像素准确率，%", ".2f"),
    "precision": ("Precision (macro), %", "精确率（宏平均），%", ".2f"),
    "recall": ("Recall (macro), %", "召回率（宏平均），%", ".2f"),
    "f1": ("F1 (macro), %", "F1（宏平均），%", ".2f"),
    "calibration_error": ("Expected calibration error, %", "期望校准误差，%", ".2f"),
    "parameters": ("Parameters", "参数量", ",d"),
    "bytes": ("Bytes of weights", "权重字节数", ",d"),
    "latency_ms": ("One sample, ms", "单样本延迟，毫秒", ".3f"),
    "images_per_second": ("Samples a second", "每秒样本数", ",.1f"),
}
"""English, Chinese and format of each figure, in the order of the table."""
