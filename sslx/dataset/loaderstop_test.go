package dataset

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// The bubble of synctest fails when a goroutine is left.
func TestCancellingEndsPromptly(t *testing.T) {
	for _, after := range []time.Duration{0, 1500 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			source := &slow{n: 1000, time: time.Second}
			l := NewLoader(ctx, source, slices.Chunk(upTo(1000), 500), LoaderOptions{Workers: 2})
			time.AfterFunc(after, cancel)
			start := time.Now()
			if _, _, err := l.Next(); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			if waited := time.Since(start); waited != after {
				t.Errorf("Next returned after %v, want %v", waited, after)
			}
			// Without Close, the images in work end and no other begins.
			time.Sleep(time.Second)
			synctest.Wait()
			if read := source.read.Load(); read > 4 {
				t.Errorf("%d images were read", read)
			}
		})
	}
}

func TestClosingEarlyLeavesNoGoroutine(t *testing.T) {
	for name, next := range map[string]int{"at once": 0, "between batches": 2, "after the last": 5} {
		t.Run(name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			l := NewLoader(t.Context(), &slow{n: 40}, slices.Chunk(upTo(40), 10), LoaderOptions{Workers: 4})
			for range next {
				_, _, _ = l.Next()
			}
			l.Close()
			l.Close()
			if _, _, err := l.Next(); err == nil {
				t.Error("a closed loader gave a batch")
			}
			waitForGoroutines(t, before)
		})
	}
}

func TestABadImageLeavesNoGoroutineWithoutClose(t *testing.T) {
	before := runtime.NumGoroutine()
	l := NewLoader(t.Context(), &slow{n: 400, bad: []int{12}}, slices.Chunk(upTo(400), 10), LoaderOptions{Workers: 4})
	if _, _, err := drain(l); err == nil {
		t.Error("no error")
	}
	waitForGoroutines(t, before)
}
