//go:build !linux

package main

// pinTo does nothing where processes cannot be kept on cores.
func pinTo(string) error { return nil }
