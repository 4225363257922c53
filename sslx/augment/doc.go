// Package augment makes random views of images as graph operations that compile with the model.
//
// Images are float32 in [0, 1], channels last: [batch, height, width, channels]. Every operation is a small type with
// torchvision's parameters. It first draws its random parameters, one row for each image, and then applies them:
// The two are apart, so that the parameters of a view can be returned, stored, and applied again. A [Pipeline]
// makes one view; [Views] describe all views of an image, in a configuration or as a [Preset].
//
// # Operations of other modules
//
// [Register] gives an operation a name, under which configurations find it: any struct with the four methods of
// [Operation], from any module. [SameSize], [NoDraw], [Applies], [Between] and [PerImage] make it short.
//
// # Randomness
//
// Numbers come from the counter-based generator ThreeFry-2x32-20 (Salmon et al. 2011,
// https://doi.org/10.1145/2063384.2063405). They are keyed by (seed, epoch, view, operation, sample): the view of a
// sample does not depend on the batch that it is in, on the number of devices, or on where a run was resumed.
package augment
