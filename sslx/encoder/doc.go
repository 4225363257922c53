// Package encoder builds encoders and projectors as graph operations.
//
// An [Encoder] maps normalized images [batch, height, width, channels] to representations [batch, Dim]. Built in are
// [ConvNet], a small convolutional network that is fast on a CPU and the default; [ResNet] and [CIFARResNet]; and
// [ViT], the vision transformers. [Projector] builds the multi-layer perceptron that follows the encoder in training
// and is thrown away afterwards.
//
// # Variables
//
// Variables live in the scope that is passed in, as in GoMLX. Their initial values depend on the seed and on the
// variable's path alone, so that the same seed gives the same network on every backend, and a new layer changes no
// other.
//
// # Training and evaluation
//
// A [Mode] says whether normalization uses the statistics of the batch or the running ones. [Norm] chooses what a
// batch is: all views together, each view by itself, or none (group normalization). Images may be float32, float64 or
// bfloat16; layers compute in the type of their input and keep variables in float32.
//
// # The same numbers as elsewhere
//
// ResNets and vision transformers compute what torchvision and timm compute with the same weights. Package
// [github.com/sslx-go/lab/sslx/encoder/weights] reads and writes their files. An encoder that can be written as ONNX
// is an [Exporter].
//
// # Speed on a CPU
//
// Convolutions of 3x3 pixels are Winograd's, written as matrix products, because XLA's CPU backend is fastest at
// those; docs/performance.md has what that gains.
//
// [Register] adds an encoder of your own. It is then named in configurations, checkpoints and records like a built-in
// one; [Dense], [BatchNorm] and [Standardize] are layers for it, as are GoMLX's.
package encoder
