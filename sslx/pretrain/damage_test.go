package pretrain

import (
	"context"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/record"
)

func TestTrain_APackDamagedWhileItTrainsEndsWithASentence(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an open file cannot be cut")
	}
	for name, c := range map[string]struct {
		damage func(pack string) error
		says   string
	}{
		"cut short": {func(pack string) error { return os.Truncate(pack, 8192) }, "cannot be read any more"},
		"overwritten": {func(pack string) error {
			file, err := os.OpenFile(pack, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer func() { _ = file.Close() }()
			_, err = file.WriteAt([]byte("other pixels"), 1<<18)
			return err
		}, "is damaged in: pixels of split train"},
	} {
		t.Run(name, func(t *testing.T) {
			config := tiny()
			config.Stream = true
			tr := &training{set: tinySet(t), config: config}
			run := tr.open(t)
			defer func() { _ = run.Close() }()

			done := false
			damage := func(step, _ int, _ record.Metrics) {
				if step == 12 && !done {
					done = true
					if err := c.damage(tr.set.Path()); err != nil {
						t.Error(err)
					}
				}
			}
			_, err := Train(context.Background(), testbackend.Open(t), tr.set, run, config, Hooks{Report: damage})
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line with %q", err, c.says)
			}
			if hasCheckpoint(run.Dir()) {
				t.Error("what was learned from damaged data was kept")
			}
		})
	}
}
