// Package experiments runs beliefs about self-supervised learning as experiments with verdicts. It is an engine: it
// knows no particular belief. Package [github.com/sslx-go/lab/experiments/claims] registers five of them, and a program
// can [Register] its own.
//
// A [Claim] states what is believed, what would follow, and how it is decided. Its [Plan] at a [Scale] lists arms:
// settings whose hyper-parameters are tuned on validation images with seeds of their own, and which are then trained
// again with fresh seeds and measured on test. A [Sweep] makes the runs that a [Store] lacks; [Judge] computes the
// outcome from the records of the store and from nothing else.
package experiments
