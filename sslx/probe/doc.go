// Package probe measures frozen representations: a k-nearest-neighbor vote, linear probes by L-BFGS and by
// stochastic gradient descent, a probe with a hidden layer, a few-shot probe, label-free statistics (effective ranks,
// alignment, uniformity, similarity of two representations), and the check that the encoder did not change meanwhile.
//
// Everything here is a function of feature matrices ([N, D], float32) and labels; how features are extracted is another
// package's business. Each protocol has a name that pins it, for example knn/cosine/k20/t0.07@encoder or
// linear/lbfgs/l2-val@encoder, which is stored with every result; an option that is not the default shows in the name,
// save a seed.
//
// Test labels are given to no protocol: [KNN], [LinearProbe], [LinearSGD], [MLPProbe] and [FewShot] return predictions
// for the test features, and [Score] compares them with the labels afterwards, so that no choice can depend on them.
//
// A mistake of the caller (sizes that differ, labels out of range, fewer images than k) gives a usage error; non-finite
// features and failures of the backend give ordinary ones.
package probe
