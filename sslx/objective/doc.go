// Package objective holds the training objectives of joint-embedding self-supervised learning, one file a method.
//
// An objective maps the embeddings of the views of a batch, each [batch, dim] with the same image in the same row, to
// a scalar loss. [Config] names it and its parameters, [Config.Needs] says what it uses beside the embeddings, and
// [Config.Loss] builds it. Batch means the global batch: on several devices the negatives are global by construction.
// docs/methods has a page for each method.
package objective
