//go:build !linux

package backend

// quietThreads calls f: only XLA on x86-64, which is Linux here, needs what it does there.
func quietThreads(f func()) { f() }
