package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/dataset"
)

// statusOf returns the exit status of an error: 2 when the call was wrong, else 1.
func (a *app) statusOf(err error) int {
	if usage.Is(err) || !a.started {
		return statusUsage
	}
	return statusFailed
}

// printError prints an error as one line and, with --debug, whatever trace it carries.
func (a *app) printError(err error) {
	text := visible(sentence(err.Error()))
	if errors.Is(err, context.Canceled) {
		text = interrupted(text)
	}
	fmt.Fprintln(a.stderr, "sslx:", advise(text+a.advice(err)))
	if a.debug {
		fmt.Fprintf(a.stderr, "\n%+v\n", traced(err))
	}
}

// interrupted says in our words what context.Canceled says in Go's, wherever that stands in an error.
func interrupted(text string) string {
	canceled := context.Canceled.Error()
	text = ": " + strings.NewReplacer(": "+canceled, "", canceled+": ", "").Replace(text)
	return "interrupted" + strings.TrimSuffix(text, ": "+canceled)
}

// listings holds the commands that list what an argument of any command can be.
var listings = map[string]string{"run": "sslx runs list", "data": "sslx data list"}

// importFirst is the advice of commands that cannot take a decision about a source: its import takes it.
var importFirst = map[string]string{
	"split-from": ": import it first, with `sslx data import SOURCE --split-from LEVEL`",
	"classes-at": ": import it first, with `sslx data import SOURCE --classes-at none` or a level",
	"labels":     ": import it first, with `sslx data import SOURCE --labels FILE`",
	"group-by":   ": import it first, with `sslx data import SOURCE --group-by LEVEL`",
}

// advice says how to change the argument that an error is about, or what gets a missing plugin or data set: libraries
// name it, and the command that runs knows the flag and the command.
func (a *app) advice(err error) string {
	var plugin *backend.PluginError
	if errors.As(err, &plugin) {
		return fmt.Sprintf(": run `%s`", installCommand(plugin.Plugin))
	}
	if set := dataset.Downloadable(err); set != "" {
		return fmt.Sprintf(" (`sslx data get %s`)", set)
	}

	// Libraries know no flags: they name an argument, which becomes here what the user can type.
	argument := usage.ArgumentOf(err)

	// Runs and data are arguments of many commands, and a command lists them.
	if listing, listed := listings[argument]; listed {
		return fmt.Sprintf(": `%s` lists those that there are", listing)
	}
	if a.command == nil || argument == "" {
		return ""
	}

	// Others are a flag or a key.
	has := func(flag string) bool { return a.command.Flags().Lookup(flag) != nil }
	switch {
	case has(argument):
		return fmt.Sprintf(" (--%s)", argument)
	case importFirst[argument] != "":
		return importFirst[argument]
	case has("set") && slices.Contains(sslx.ConfigKeys(), argument):
		return fmt.Sprintf(" (--set %s=…)", argument)
	}
	return ""
}

// printPanic prints a bug as one line and, with --debug, its stack.
func (a *app) printPanic(cause any, stack []byte) {
	hint := "; please report it, with what --debug adds"
	if a.debug {
		hint = ""
	}
	fmt.Fprintf(a.stderr, "sslx: stopped by a bug: %s%s\n", visible(sentence(fmt.Sprint(cause))), hint)
	if a.debug {
		if err, ok := cause.(error); ok {
			fmt.Fprintf(a.stderr, "\n%+v\n", traced(err))
		}
		fmt.Fprintf(a.stderr, "\n%s\n", stack)
	}
}

// sentence returns the first line of a text, and the next one where the first only announces it.
func sentence(text string) string {
	var line string
	for next := range strings.Lines(strings.TrimSpace(text)) {
		line = strings.TrimSpace(line + " " + strings.TrimSpace(next))
		if !strings.HasSuffix(line, ":") {
			break
		}
	}
	return line
}

// traced returns the first error of a chain that formats itself, as those with a stack trace do, or err.
func traced(err error) error {
	if found := formatter(err); found != nil {
		return found
	}
	return err
}

func formatter(err error) error {
	if _, ok := err.(fmt.Formatter); ok {
		return err
	}

	// Joined errors are a tree; the first branch that formats itself wins.
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return formatter(inner)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if found := formatter(inner); found != nil {
				return found
			}
		}
	}
	return nil
}
