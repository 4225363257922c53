// Package objective holds the training objectives of joint-embedding self-supervised learning.
//
// An [Objective] maps the embeddings of the views of a batch, each [batch, dim] with the same image in the same row,
// to a scalar loss. Each built-in method is an exported type in a file of its own, whose documentation has the
// equation, the parameters with advice, the chance level and the cost:
//
//   - with negatives: [SimCLR], [DCL], [DCLW], [MoCo], [MoCoV3], [NNCLR]; with labels, [SupCon]
//   - without: [VICReg], [Barlow], [BYOL], [SimSiam], [SwAV], [DINO], [LeJEPA], [EMPSSL]
//   - [Supervised], the ceiling
//
// docs/methods helps to choose.
//
// # Needs
//
// What is special about a method is a property that it states, not a case in the training loop. [Needs] say what an
// objective uses besides the embeddings: a predictor, a target network with its momentum, a queue, prototypes, labels,
// more views as negatives, normalization of each view by itself, a smallest batch. The training loop builds these and
// passes them in as [Inputs].
//
// # Terms
//
// Loss returns [Terms]: the loss, its parts for the log, and its chance level, the loss of an encoder that has learned
// nothing. Training warns when the loss stays there.
//
// # The batch is global
//
// Batch always means the whole batch. On several devices, and when a batch is processed in chunks, negatives and
// statistics are those of the whole batch.
//
// # Correctness
//
// Tests compare value and gradient of each loss with an oracle in float64 that is written from the paper and shares no
// code with it, and with lightly, solo-learn and stable-pretraining where they have the method.
//
// [Register] adds a method of your own. It is then named in configurations, checkpoints and records like a built-in
// one.
package objective
