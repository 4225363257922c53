// Package pretrain trains an encoder on the views of images: configuration, the compiled training step, the loop with
// its log, checkpoints and exact resume, and the trained network for whoever evaluates it.
//
// A run is a function of its configuration and data: the order of the images, the views, the initial values and the
// schedule depend on the seed and the step alone. A run that was killed and resumed ends with the same bits as one
// that was not, on the same machine.
package pretrain
