// Package experiments tests beliefs about self-supervised learning by experiments with verdicts. It is an engine: it
// knows no particular belief. Package [github.com/sslx-go/lab/experiments/claims] registers five of them, and a
// program can [Register] its own.
//
// # From a belief to a verdict
//
// A [Claim] states, before anything runs, what is believed, what would follow, and how it is decided. Its [Plan] at a
// [Scale] lists arms and comparisons. An [Arm] is a setting whose hyper-parameters are tuned on validation images,
// with seeds of their own; the best ones are then trained again with fresh seeds and measured on test. A [Sweep] makes
// the runs that a [Store] lacks. [Judge] computes the [Outcome] from the records of the store and from nothing else:
//
//	plan := claim.Plan(experiments.CPU)
//	err := experiments.Sweep{Store: store, Work: "runs/claims"}.Run(ctx, plan)
//	records, err := store.Read()
//	outcome, err := experiments.Judge(claim, experiments.CPU, records)
//
// # Verdicts
//
// The estimate is a difference between two arms, paired over seeds, with a 95 % t interval. With the margin that
// matters, it is equivalent (the interval lies within the margin), reversed (beyond it on the other side; both debunk
// a belief), upheld (beyond it), or not settled. Where several comparisons decide together they are corrected by
// Holm's method. A verdict names the data, the encoder and the budget that it holds for.
//
// # Guards
//
// No verdict is given before each arm has shown that it can do what it is for. An arm whose negatives a linear
// classifier tells apart by simple statistics of pixels is decided by construction ([Cue]). A best value at the edge
// of its [Axis] widens the search. Supervised choices use images that pre-training never saw. Smoke scale gives no
// verdict.
//
// # Scales
//
// The same claim runs at four scales: smoke (minutes, checks that everything runs), cpu (hours on two cores), gpu, and
// paper. A trial is identified by its resolved configuration, its data and the version of the code that makes it, so
// that a sweep can stop at any time, continue elsewhere, and share its records with other claims.
package experiments
