// Package evaluate turns a trained run into results. It plans the tasks, makes the features of the run's encoder and
// of its baselines (or reads them from a cache), measures them by protocols, and keeps the results in the run folder.
// The algorithms on feature matrices are in package probe.
//
// # Tasks, protocols, layers
//
// A result is a number for a model, a task, a protocol and a layer. A task is a label of a data set, or something that
// was done to its images, such as a rotation. A [Protocol] is a way to measure: a vote of nearest neighbors, a linear
// probe, fine-tuning, a measure without labels. Its name pins every choice that can change the number, as in
// knn/cosine/k20/t0.07@encoder. A layer is the encoder's output or a layer of the projector. [Run] measures every
// combination that [Options] asks for; docs/protocol.md defines each.
//
// # What makes a number comparable
//
//   - A number depends on the model, the data, the task and the protocol alone: not on what else was asked for, and not
//     on what is in the cache.
//   - The encoder is frozen. The hash of its variables is compared before and after; a difference is an error.
//   - Only finished runs are measured, at their last step. An earlier checkpoint would be early stopping on test.
//   - The test split is read once. Hyper-parameters are chosen on images held out of train.
//   - Baselines are measured by the same protocols: raw pixels, and the encoder before training.
//
// # Protocols of other modules
//
// [Register] adds a protocol of your own. It gets the features and labels of training images, and the features of test
// images without their labels: it predicts, and this package counts what is right. So no protocol can choose anything
// on test, whether by intention or by mistake.
//
// # Weights of others
//
// [Weights] measures an encoder from a safetensors or ONNX file in the same way. Fine-tuning and the untrained
// baseline are left out where a file has no layers to train.
package evaluate
