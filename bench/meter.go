package bench

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// QuietCores is the number of cores that other work may keep busy on a machine that counts as quiet.
const QuietCores = 0.1

// meter measures how many cores are busy while all programs rest, which is the work of others.
type meter struct{ busy, total float64 }

// rest waits for a moment, and measures the second half of it: threads that still spin come to rest in the first.
func (m *meter) rest(ctx context.Context, pause time.Duration) error {
	if err := wait(ctx, pause/2); err != nil {
		return err
	}

	busy, total := ticks()
	if err := wait(ctx, pause/2); err != nil {
		return err
	}

	busyAfter, totalAfter := ticks()
	m.busy, m.total = m.busy+busyAfter-busy, m.total+totalAfter-total
	return nil
}

// cores returns the number of busy cores, on average; 0 where it is not known.
func (m *meter) cores() float64 {
	if m.total <= 0 {
		return 0
	}
	return m.busy / m.total * float64(runtime.NumCPU())
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// ticks returns the time, in ticks of all cores, that the machine was busy, and all of it; 0 where Linux does not say
// (proc_stat(5): user, nice, system, idle, iowait, irq, softirq, steal).
func ticks() (busy, total float64) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}

	// The first line sums over all cores.
	line, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(line) {
		// Guest time, which comes after the eighth field, is in user time already.
		if i == 0 || i > 8 {
			continue
		}

		const idle, iowait = 4, 5
		value, _ := strconv.ParseFloat(field, 64)
		total += value
		if i != idle && i != iowait {
			busy += value
		}
	}
	return busy, total
}
