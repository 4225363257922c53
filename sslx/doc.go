// Package sslx trains image encoders without labels and measures what they have learned. Training is joint-embedding
// self-supervised learning, compiled through XLA.
//
// # A run
//
// The unit of work is a run: one training with everything that is known about it, in one folder. [Pretrain] makes a
// run, [Resume] continues one that was interrupted, [Evaluate] measures a finished one, [Illustrate] shows it in
// pictures, and [Load] opens its encoder for use:
//
//	cfg := sslx.Default()
//	cfg.Data, cfg.Epochs = "path/to/images", 20
//	summary, err := sslx.Pretrain(ctx, "runs/first", cfg, sslx.Options{})
//	results, err := sslx.Evaluate(ctx, "runs/first", sslx.EvaluateOptions{Baselines: true})
//	model, err := sslx.Load(ctx, "runs/first", sslx.LoadOptions{})
//	features, err := model.Embed(ctx, picture)
//
// The run folder holds the whole configuration with its defaults, the machine and the versions, the log, the
// checkpoint and the results. Nothing else is remembered between calls. Package [github.com/sslx-go/lab/sslx/runs]
// finds and compares run folders, package [github.com/sslx-go/lab/sslx/record] reads what is in them.
//
// # Configurations
//
// A [Config] is everything that decides a run. Start from [Default], or from a recipe with [ReadConfig], which also
// reads YAML files and takes assignments such as "optimizer.lr=0.1". Objective, encoder, optimizer rule and view
// operations are values with exported fields; a value of your own type works wherever a built-in one does, once it is
// registered (see the functions Register of the packages below).
//
// # Reproducibility
//
// The seed of a configuration decides initial values, the order of images, and every view. On one machine the same
// configuration gives the same weights, bit for bit, also when the training was killed and resumed in between. Another
// processor or plugin may round differently; the run folder says what it was trained on.
//
// # Errors and interruption
//
// A mistake of the caller (an unknown key, a value out of range, a folder that does not exist) is a usage error, which
// [IsUsage] recognizes; its text says how to fix it. Every other error is a failure of the work. When the context is
// canceled, a training saves a checkpoint and returns an error that wraps [ErrInterrupted].
//
// # Packages
//
// This package is a facade. Each part can be used alone:
//
//   - dataset reads and packs images; augment makes views; encoder, objective and optimizer are graph operations
//   - pretrain is the training loop; evaluate and probe measure; embedding uses encoders
//   - record and runs are run folders; backend finds and opens XLA plugins
//
// Importing any of them changes nothing in the process. Programs that train should import sslx/backend/tuned for its
// effect: it sets the allocator and the environment that XLA is fast with.
package sslx
