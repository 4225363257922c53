//go:build race

package testbackend

const raceEnabled = true
