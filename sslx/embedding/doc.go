// Package embedding uses a trained encoder: [Load] opens a run, a file of weights or an ONNX file, [Model.Embed] turns
// images into features, [Write] does so for a whole data set, and [ReadIndex] finds the nearest neighbors of an image.
//
// Everything works in a program that is built without cgo, in pure Go, and on XLA elsewhere; docs/embed.md has the
// rates of both.
package embedding
