// Package onnx reads image encoders from ONNX files (opset 13 to 20) and runs them as GoMLX graphs, on XLA or in pure
// Go. Package github.com/gomlx/onnx-gomlx converts it; this package checks a file before it is converted, so that
// a damaged or hostile one costs an error and neither memory nor time.
package onnx
