// Package progress is how long work tells its caller how far it is, and what the user should know.
package progress

import (
	"fmt"
	"os"
)

// State says how far long work is.
type State struct {
	Phase       string // what is being done: "train", "features", …
	Done, Total int64  // Total is 0 when it is not known
	Detail      string // a few words, such as the loss
}

// Options are what every long call takes. The zero value shows no progress, and prints warnings to standard error.
type Options struct {
	// Progress is called now and then, from the calling goroutine or another, one call at a time; it may be nil.
	Progress func(State)

	// Warn is called with a sentence that the user should see; nil prints it to standard error.
	Warn func(sentence string)
}

// Report calls Progress, if there is one.
func (o Options) Report(phase string, done, total int64, detail string) {
	if o.Progress != nil {
		o.Progress(State{phase, done, total, detail})
	}
}

// Counter returns a function that reports a phase of which done of total bytes or images are done.
func (o Options) Counter(phase string) func(done, total int64) {
	return func(done, total int64) { o.Report(phase, done, total, "") }
}

// Warnf calls Warn with a formatted sentence, or prints it to standard error.
func (o Options) Warnf(format string, args ...any) {
	sentence := fmt.Sprintf(format, args...)
	if o.Warn == nil {
		fmt.Fprintln(os.Stderr, "sslx: warning:", sentence)
		return
	}
	o.Warn(sentence)
}
