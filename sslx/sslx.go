package sslx

import (
	"context"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/evaluate"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/progress"
	"github.com/sslx-go/lab/sslx/record"
)

// IsUsage reports whether err is, or wraps, a usage error: a mistake in how a function was called, which another call
// avoids. Every other error is a failure of the work itself.
func IsUsage(err error) bool { return usage.Is(err) }

// Config is everything that decides a run; see [pretrain.Config] for its fields.
type Config = pretrain.Config

// Default returns the default configuration.
func Default() Config { return pretrain.Default() }

// ReadConfig returns the default configuration, changed by the YAML file at path, or by the recipe of that name (see
// Recipes; none when path is ""), then by assignments such as "optimizer.lr=0.1". It returns a usage error for an
// unknown key or a bad value; the error suggests the nearest key.
func ReadConfig(path string, assignments []string) (Config, error) {
	return pretrain.ReadConfig(path, assignments)
}

// Recipes returns the names of the built-in configurations.
func Recipes() []string { return pretrain.Recipes() }

// ConfigKeys returns every key of a configuration, dotted: "optimizer.lr".
func ConfigKeys() []string { return pretrain.Keys() }

// Options are what every long call takes. The zero value shows no progress, and prints warnings to standard error.
type Options = progress.Options

// Progress says how far long work is.
type Progress = progress.State

// EvaluateOptions says what Evaluate measures; see [evaluate.Options] for its fields.
type EvaluateOptions = evaluate.Options

// Evaluate measures the last checkpoint of the finished run in dir, and keeps the results in the run folder. See
// [evaluate.Run].
func Evaluate(ctx context.Context, dir string, opt EvaluateOptions) ([]record.Result, error) {
	return evaluate.Run(ctx, dir, opt)
}

// EvaluateWeights measures an encoder from a file of weights on the data set opt.Data. See [evaluate.Weights].
func EvaluateWeights(ctx context.Context, path string, opt EvaluateOptions) ([]record.Result, error) {
	return evaluate.Weights(ctx, path, opt)
}

// Gallery is what a run saw and what its encoder finds alike, in pictures.
type Gallery = evaluate.Gallery

// Illustrate makes the gallery of the finished run in dir.
func Illustrate(ctx context.Context, dir string, opt Options) (Gallery, error) {
	return evaluate.Illustrate(ctx, dir, opt)
}
