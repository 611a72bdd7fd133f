"""A finished student as files that other programs run: ONNX, integers of 8 bits, a script that shows the use."""
