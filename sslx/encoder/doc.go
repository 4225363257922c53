// Package encoder builds encoders and projectors as graph operations: a small convolutional network that is the
// default on a CPU, ResNet-18 with the stem for small images, and the multi-layer perceptron of the projector.
//
// Images are float32, float64 or bfloat16, channels last, [batch, height, width, 3]; a representation is [batch, Dim]. Variables live in
// the scope that is passed in; their initial values depend on the seed and on the variable's path alone, so that the
// same seed gives the same network on every back end.
package encoder
