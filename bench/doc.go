// Package bench measures sslx side by side with other libraries that do the same work, in one run on the same cores.
//
// Each peer is a Python program (folder peers) that is started once, warms up and then waits for its turn. Ours and the
// peers run one after the other, again and again, and while one of them runs the others are idle; so a machine that
// gets slower or faster for a while does so for all of them. A turn lasts about as many seconds as [Options] say. What
// is reported of the rates of all turns is the median and the quartiles, and for each peer the ratio of our median to
// its median: above 1, sslx is faster.
//
// A [Race] is different: whole trainings run one after another, and what counts is the time to an accuracy.
//
// Peers live in a Python environment of their own, which bench/install makes in the user's cache folder, or in
// $SSLX_PEERS, from pinned requirements. A peer that is not there is named in the result, with the way to install it.
//
// Results are JSON files; those in results are committed, and docs/performance.md shows them.
package bench
