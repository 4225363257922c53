// Package objective holds the training objectives of joint-embedding self-supervised learning, one file a method.
//
// An [Objective] maps the embeddings of the views of a batch, each [batch, dim] with the same image in the same row, to
// a scalar loss. Its Needs say what it uses besides the embeddings. Batch means the global batch: on several devices
// the negatives are global by construction. docs/methods has a page for each method.
//
// [Register] adds a method of your own: it is then named in configurations, checkpoints and records like the built-in
// ones.
package objective
