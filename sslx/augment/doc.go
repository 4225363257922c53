// Package augment makes random views of images as graph operations that compile with the model.
//
// Images are float32 in [0, 1], channels last: [batch, height, width, channels]; a [Pipeline] and [Views] take bytes
// too. Every operation is a small type with torchvision's parameters, and its results agree with torchvision's;
// docs/views.md has the differences.
//
// # Drawing and applying
//
// An [Operation] first draws its random parameters, a row for each image, and then applies them. The two are apart, so
// that the parameters of a view can be returned, described, stored, and applied again: to learn equivariance, to show
// what was done to an image, or to give two views the same crop.
//
// A [Pipeline] is a list of operations and makes one view. [Views] describe all views of an image in a configuration;
// a [Preset] gives them a name:
//
//	views := augment.MustPreset("simclr")  // two views: crop, flip, color jitter, gray, blur
//	views[0].Noise = 0.1                    // and noise in the first
//
// # Randomness
//
// Numbers come from the counter-based generator ThreeFry-2x32-20 (Salmon et al. 2011,
// https://doi.org/10.1145/2063384.2063405). They are keyed by (seed, epoch, view, operation, sample). So the view of a
// sample does not depend on the batch that it is in, on the number of devices, or on where a run was resumed, and a
// new operation changes the draws of no other.
//
// # Operations of other modules
//
// [Register] gives an operation a name, under which configurations find it: any struct with the four methods of
// [Operation], from any module. [SameSize], [NoDraw], [Applies], [Between] and [PerImage] make it short.
//
// # Speed
//
// Shrinking and blurring are batched matrix products, which XLA compiles well on CPUs and GPUs. A crop that is not
// shrunk mixes the four nearest pixels of the image. It gathers them as bytes where the pipeline got bytes, which is
// faster: views of many pixels wait for memory. Graph operations panic only while a graph is built, as GoMLX's do.
package augment
