// Package experiments holds what is run on top of the library: the quickstart, and the claims of Bordes et al. 2023
// (https://arxiv.org/abs/2303.01986) as experiments with verdicts.
//
// A [Claim] says what is believed, what would follow, and how it is decided. Its [Plan] at a [Scale] lists arms: settings
// whose hyper-parameters are tuned on validation images with seeds of their own, and which are then trained again with
// fresh seeds and measured on test. A [Sweep] makes the runs that a [Store] lacks; [Judge] computes the outcome from the
// records in it and from nothing else.
package experiments
