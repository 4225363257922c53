package bounded

import (
	"context"

	"github.com/sslx-go/lab/internal/cores"
)

// working has room for the decoders that run at once, those among them whose context has ended.
var working = make(chan struct{}, cores.Count())

// Abandon runs work, and returns without its result when ctx ends: not every decoder looks at a context. Work that was
// abandoned comes to its end by itself, and until then takes the place of other work, so that there is never more of it
// than there are processors.
func Abandon[T any](ctx context.Context, work func() (T, error)) (T, error) {
	if ctx.Done() == nil { // also inside other work
		return work()
	}

	var none T
	if ctx.Err() != nil {
		return none, ctx.Err()
	}
	select {
	case working <- struct{}{}:
	case <-ctx.Done():
		return none, ctx.Err()
	}
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		defer func() { <-working }()
		value, err := work()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		if ctx.Err() != nil { // which may be why work failed
			return none, ctx.Err()
		}
		return r.value, r.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}
