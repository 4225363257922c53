// Package blame says which part of a program failed while a graph was built: an objective, an operation, a rule. They
// may come from another module, and GoMLX's own errors name none of them.
package blame

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// Error is a failure inside a part. Formatted with %+v it has the stack of the failure.
type Error struct {
	Part string // such as "objective simclr"
	Err  error

	stack []byte
}

func (e *Error) Error() string { return e.Part + ": " + e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// Format prints the stack too for %+v.
func (e *Error) Format(s fmt.State, verb rune) {
	_, _ = fmt.Fprint(s, e.Error())
	if verb == 'v' && s.Flag('+') {
		_, _ = fmt.Fprintf(s, "\n%s", e.stack)
	}
}

// Call calls a part outside of the building of a graph, and returns a panic of the part as an *Error. A fault in memory
// that is mapped from a file stays a panic: it is the file's.
func Call(name string, part func() error) (err error) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if _, fault := cause.(interface{ Addr() uintptr }); fault {
			panic(cause)
		}
		inner, ok := cause.(error)
		if !ok {
			inner = fmt.Errorf("%v", cause)
		}
		err = &Error{name, inner, debug.Stack()}
	}()
	return part()
}

// Part is deferred by what calls a part: it turns a panic of the part into a panic with an *Error, which GoMLX returns
// from the building of the graph. The innermost part is named.
func Part(name string) {
	cause := recover()
	if cause == nil {
		return
	}

	err, ok := cause.(error)
	if !ok {
		err = fmt.Errorf("%v", cause)
	}
	if inner := (*Error)(nil); errors.As(err, &inner) {
		panic(inner)
	}
	panic(&Error{name, err, debug.Stack()})
}
