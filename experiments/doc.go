// Package experiments holds what is run on top of the library: the quickstart now; the claims, their sweeps and the
// statistics behind their verdicts later.
package experiments
