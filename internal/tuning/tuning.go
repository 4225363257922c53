// Package tuning is where package tuned tells package backend what to do before XLA's CPU plugin is loaded, so that
// backend does not change the process by itself.
package tuning

// BeforeLoad is called before the CPU plugin is loaded, never twice at once. Package tuned sets it; by default it does
// nothing.
var BeforeLoad = func() error { return nil }

// BeforeCalls is called before XLA's programs have Go compute something, each time, from any thread. Package tuned sets
// it; by default it does nothing.
var BeforeCalls = func() {}
