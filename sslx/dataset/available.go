package dataset

import (
	"context"
	"errors"
	"fmt"

	"github.com/sslx-go/lab/internal/usage"
)

// Available reports whether [Locate] finds a set by that name with these options, without a network. If not, hint says
// in the words of Locate's error how to get the set, in one line. A source is found and not read: its import may still
// fail on a bad image. It looks at names and at the headers of packs only, and writes nothing.
func Available(opt LocateOptions, name string) (ok bool, hint string) {
	p, err := opt.find(context.Background(), name)
	if err == nil && p.pack != "" {
		var set *Set
		if set, err = opt.open(p.pack); err == nil {
			err = set.Close()
		}
	}
	if err == nil {
		return true, ""
	}
	if missing := new(unavailable); errors.As(err, missing) {
		return false, missing.hint
	}
	return false, err.Error()
}

// unavailable is the usage error of a set that is not there, with what to do.
type unavailable struct {
	error
	hint string
}

func (u unavailable) Unwrap() error { return u.error }

// absent returns an unavailable error; format says what is not there.
func absent(hint, format string, args ...any) error {
	return unavailable{usage.Errorf("%s: %s", fmt.Sprintf(format, args...), hint), hint}
}
