package bounded

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestAbandon_ReturnsWhenItsContextEndsAndKeepsThePlaceUntilTheWorkEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	began, goOn, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	for range cap(working) {
		go func() {
			_, _ = Abandon(ctx, func() (int, error) { began <- struct{}{}; <-goOn; return 1, nil })
			ended <- struct{}{}
		}()
	}
	for range cap(working) {
		<-began
	}
	cancel()
	for range cap(working) {
		<-ended
	}

	// All places are taken by abandoned work.
	soon, cancelSoon := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancelSoon()
	if _, err := Abandon(soon, func() (int, error) { return 2, nil }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v while there is no place", err)
	}
	close(goOn)
	if v, err := Abandon(t.Context(), func() (int, error) { return 3, nil }); v != 3 || err != nil {
		t.Errorf("got %d, %v afterwards", v, err)
	}
}
