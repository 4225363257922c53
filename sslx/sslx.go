// Package sslx trains encoders by joint-embedding self-supervised learning, compiled through XLA, and measures what
// they have learned. It is a small façade: Pretrain makes a run, Resume continues it, Evaluate measures it. The parts
// are in the packages below: dataset, augment, encoder, objective, optimizer, pretrain, probe, record, backend.
//
//	cfg := sslx.Default()
//	cfg.Data = "factors"
//	summary, err := sslx.Pretrain(ctx, "runs/first", cfg, sslx.Options{})
//	results, err := sslx.Evaluate(ctx, "runs/first", sslx.EvaluateOptions{Floors: true})
package sslx

import (
	"context"
	"fmt"
	"os"

	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/pretrain"
)

// Config is everything that decides a run.
type Config = pretrain.Config

// Default returns the configuration that everything not set is taken from.
func Default() Config { return pretrain.Default() }

// ReadConfig returns Default changed by the YAML file at path, or the recipe of that name (none when it is ""; see
// Recipes), then by assignments such as
// "optimizer.lr=0.1". Unknown keys and bad values are usage errors that name the nearest key.
func ReadConfig(path string, assignments []string) (Config, error) {
	return pretrain.ReadConfig(path, assignments)
}

// Recipes returns the names of the built-in configurations.
func Recipes() []string { return pretrain.Recipes() }

// Keys returns every key of a configuration, dotted.
func Keys() []string { return pretrain.Keys() }

// Progress says how far long work is.
type Progress struct {
	Phase       string // what is being done: "train", "features", …
	Done, Total int64  // Total is 0 when it is not known
	Detail      string // a few words, such as the loss
}

// Options are what every long call takes. The zero value is quiet.
type Options struct {
	// Progress is called now and then, from the calling goroutine or another, one call at a time; it may be nil.
	Progress func(Progress)

	// Warn is called with a sentence that the user should see; nil prints it to standard error.
	Warn func(sentence string)
}

func (o Options) report(phase string, done, total int64, detail string) {
	if o.Progress != nil {
		o.Progress(Progress{phase, done, total, detail})
	}
}

func (o Options) warn(sentence string) {
	if o.Warn == nil {
		fmt.Fprintln(os.Stderr, "sslx: warning:", sentence)
		return
	}
	o.Warn(sentence)
}

// open opens the compute back end, installing its plugin when there is none.
func (o Options) open(ctx context.Context) (*backend.Handle, error) {
	return backend.Open(ctx, backend.Options{Warn: o.warn, Progress: func(item string, done, total int64) {
		o.report("install "+item, done, total, "")
	}})
}

// data opens the data of a configuration, importing it when it was not.
func (o Options) data(ctx context.Context, c Config) (*dataset.Set, error) {
	return dataset.Locate(ctx, c.Data, dataset.LocateOptions{Size: c.Size, Progress: func(done, total int64) {
		o.report("import "+c.Data, done, total, "")
	}})
}
