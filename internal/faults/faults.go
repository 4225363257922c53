// Package faults tests that nothing is lost and nothing silently wrong when processes are killed, disks are full and
// files are damaged: see docs/faults.md.
package faults

import (
	"runtime"
	"strings"
	"testing"
	"unicode"
)

// Happened is a line of results/faults.jsonl: what came of a kind of fault, so many times.
type Happened struct {
	Fault    string `json:"fault"`
	Times    int    `json:"times"`
	Happened string `json:"happened"`
	Sentence string `json:"sentence"` // of a refusal
}

// maxSentence is the length in bytes above which an error is no sentence that anybody reads.
const maxSentence = 1000

// Sentence fails the test unless err is one printable line of a readable length without a trace of a stack.
func Sentence(t testing.TB, err error) {
	t.Helper()
	text := err.Error()
	switch {
	case text == "" || len(text) > maxSentence:
		t.Errorf("the error has %d bytes: %.200q", len(text), text)
	case strings.ContainsFunc(text, unicode.IsControl):
		t.Errorf("the error is not one line: %q", text)
	case strings.Contains(text, "goroutine ") || strings.Contains(text, "runtime error"):
		t.Errorf("the error is a crash: %q", text)
	}
}

// Bounded calls f and fails the test when that takes more than so many bytes of memory, freed ones included.
func Bounded(t testing.TB, bytes uint64, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	if taken := after.TotalAlloc - before.TotalAlloc; taken > bytes {
		t.Errorf("%d bytes of memory were taken and %d are enough", taken, bytes)
	}
}
