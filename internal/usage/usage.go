// Package usage marks errors that the caller can fix by calling differently, and suggests the name that was meant.
package usage

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Error is a mistake in how a command or a function was called: an unknown key, a value out of range, a missing folder.
// The command line exits with status 2 on it, and with 1 on every other error.
type Error struct {
	text     string
	argument string
}

func (e *Error) Error() string { return e.text }

// Argument returns the name of the argument or option that the caller should change, in the spelling of a flag without
// its dashes ("skip-bad"); "" when the error is about none. The command adds the flag where it has it.
func (e *Error) Argument() string { return e.argument }

// Errorf returns an *Error with a formatted text: one sentence that says what was wrong, where, and what to do.
func Errorf(format string, args ...any) error { return &Error{text: fmt.Sprintf(format, args...)} }

// About returns an *Error like Errorf, about an argument that the caller should change; see [Error.Argument]. The text
// speaks of the argument in words ("choose another name"), never of a flag.
func About(argument, format string, args ...any) error {
	return &Error{fmt.Sprintf(format, args...), argument}
}

// Advise wraps err, which is no mistake of the caller, with an argument that helps against it: a bad image can be
// skipped. See [Error.Argument].
func Advise(argument string, err error) error { return advised{err, argument} }

type advised struct {
	error
	argument string
}

func (a advised) Unwrap() error    { return a.error }
func (a advised) Argument() string { return a.argument }

// ArgumentOf returns the argument that err, or an error that it wraps, is about; "" when there is none.
func ArgumentOf(err error) string {
	var about interface {
		error
		Argument() string
	}
	if !errors.As(err, &about) {
		return ""
	}
	return about.Argument()
}

// Is reports whether err is, or wraps, an *Error.
func Is(err error) bool {
	var e *Error
	return errors.As(err, &e)
}

// Unknown returns the *Error for a name that is not among the known ones, with the nearest of them or all of them.
func Unknown(kind, name string, known []string) error {
	if near := Nearest(name, known); near != "" {
		return Errorf("unknown %s %q: did you mean %q?", kind, name, near)
	}
	sorted := slices.Sorted(slices.Values(known))
	return Errorf("unknown %s %q: it must be one of %s", kind, name, strings.Join(sorted, ", "))
}

// Nearest returns the known name closest to name in edit distance, or "" when none is within a third of its length
// (two edits at least).
func Nearest(name string, known []string) string {
	best, bestDistance := "", max(2, len(name)/3)+1
	for _, candidate := range known {
		d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(candidate))
		if d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	return best
}
