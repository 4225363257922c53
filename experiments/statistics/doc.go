// Package statistics turns the results of a claim's final runs into its verdict: the interval of the mean paired
// difference over seeds ([Paired]), the decision rule ([VerdictOf]), what a number of seeds can find
// ([SmallestEffect]), the correction for several comparisons ([Holm]) and the agreement of two rankings ([KendallTau]).
//
// Differences, standard deviations and margins share one unit, points of accuracy in the claims; the package converts
// nothing. Levels, powers and p-values are fractions in [0, 1].
//
// All of it treats seeds (or, for Kendall's tau, items) as the sample: a verdict generalizes over seeds, with the data,
// the encoder and the budget held fixed, and over nothing else.
//
// Every error is a usage error. Nothing here changes its arguments.
package statistics
