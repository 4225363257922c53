package bench

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"
)

func TestMeter_CountsOtherWork(t *testing.T) {
	if _, total := ticks(); total == 0 {
		t.Skip("this system has no /proc/stat, which says how busy its cores are")
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil { // keeps a core busy
		}
	}()
	m := new(meter)
	if err := m.rest(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
	if got := m.cores(); !(got > 0.3 && got <= float64(runtime.NumCPU())) {
		t.Errorf("%g cores were busy, want about one or more", got)
	}
	stop()
	<-done
	if err := m.rest(ctx, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("an interrupted rest gives %v", err)
	}
}
