package sslx

import (
	"context"

	"github.com/sslx-go/lab/sslx/embedding"
)

// Model turns images into features; see [embedding.Model].
type Model = embedding.Model

// LoadOptions say how a model is opened; see [embedding.Options] for its fields.
type LoadOptions = embedding.Options

// Load opens the encoder of a finished run, by its folder, or of a file of weights. The model is safe for use by
// several goroutines, and works in a program that is built without cgo.
func Load(ctx context.Context, path string, opt LoadOptions) (*Model, error) {
	return embedding.Load(ctx, path, opt)
}
