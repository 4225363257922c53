// Package encoder builds encoders and projectors as graph operations. [ConvNet] is a small convolutional network, the
// default on a CPU; [ResNet] and [CIFARResNet] are the ResNets, [ViT] the vision transformers; [Projector] is the
// multi-layer perceptron that follows them. [Register] adds an encoder of your own: it is then named in configurations,
// checkpoints and records like the built-in ones.
//
// Images are float32, float64 or bfloat16, channels last, [batch, height, width, 3]; a representation is [batch, Dim].
// Variables live in the scope that is passed in. Their initial values depend on the seed and on the variable's path
// alone, so that the same seed gives the same network on every backend.
package encoder
