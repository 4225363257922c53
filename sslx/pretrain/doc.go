// Package pretrain trains an encoder on the views of images: the configuration, the compiled training step, the loop
// with its log, checkpoints and exact resume, online probes, and the trained network for evaluation.
//
// A run is a function of its configuration and data: the order of the images, the views, the initial values and the
// schedule depend on the seed and the step alone. A run that was killed and resumed ends with the same bits as one
// that was not, on the same machine. That holds for objectives, encoders, optimizer rules and augmentations of other
// modules as well: whatever state they have is in variables, which a checkpoint holds.
//
// [Train] makes a run, [Load] opens its network, [Network.Features] computes representations, and [FineTune] trains a
// copy of its encoder on labels.
package pretrain
