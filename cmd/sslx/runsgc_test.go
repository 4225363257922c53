package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
)

// manyRuns makes a run of each kind: named by what it is.
func manyRuns(t *testing.T) {
	t.Helper()
	isolate(t)
	for _, dir := range []string{"runs/claims/recorded", "runs/claims/measured", "runs/claims/unrecorded", "runs/claims/training", "runs/early", "runs/begun"} {
		r := makeRun(t, dir, sslx.Default())
		if dir != "runs/early" && dir != "runs/begun" {
			writeFile(t, record.CheckpointPath(dir), "weights")
		}
		if dir != "runs/claims/training" && dir != "runs/begun" {
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	store := experiments.Store{Path: "runs/claims/smoke.jsonl"}
	for _, key := range []string{"recorded", "training", "measured"} {
		if err := store.Append(experiments.Record{Key: key, Scale: experiments.Smoke}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestGCDeletesOnlyRunsThatNothingIsLostWith(t *testing.T) {
	manyRuns(t)
	busy := held(t, "runs/claims/.measured.lock") // by a sweep that is between training and measuring
	want := map[string]bool{"recorded": true, "measured": false, "early": true}
	status, stdout, stderr := call(t, "runs", "gc", "--json")
	listed := decode[[]garbage](t, stdout)
	if status != statusDone || len(listed) != len(want) {
		t.Fatalf("status %d, %s%s", status, stdout, stderr)
	}
	for _, g := range listed {
		if _, ok := want[g.Run]; !ok || g.Deleted || g.Bytes == 0 || g.Why == "" || !record.IsRun(g.Path) {
			t.Errorf("without --delete: %+v", g)
		}
	}
	_, stdout, _ = call(t, "runs", "gc")
	wantTexts(t, stdout, "its record is kept (scale smoke)", "it ended before its first checkpoint", "3 run folders", "--delete does it")

	_, stdout, stderr = call(t, "runs", "gc", "--delete", "--json")
	for _, g := range decode[[]garbage](t, stdout) {
		if g.Deleted != want[g.Run] || record.IsRun(g.Path) == g.Deleted {
			t.Errorf("with --delete: %+v", g)
		}
	}
	for _, dir := range []string{"runs/claims/measured", "runs/claims/unrecorded", "runs/claims/training", "runs/begun"} {
		if !record.IsRun(dir) {
			t.Errorf("%s was deleted (%s)", dir, stderr)
		}
	}
	if err := busy.Close(); err != nil {
		t.Fatal(err)
	}
	_, stdout, _ = call(t, "runs", "gc", "runs/claims", "--delete")
	wantTexts(t, stdout, "1 run folders", "were deleted")
	_, stdout, _ = call(t, "runs", "gc")
	wantTexts(t, stdout, "no run folder can be deleted")
}

func TestADeadRunIsListedShownAndFoundByAnything(t *testing.T) {
	twoRuns(t)
	died(t, "runs/deeper/lost")
	_, stdout, _ := call(t, "runs", "list", "--json", "--where", "status=died")
	states := decode[[]runState](t, stdout)
	if len(states) != 1 || states[0].Run != "lost" || states[0].Holder == nil || states[0].Holder.PID != 4242 || states[0].InUse {
		t.Errorf("dead runs are %s", stdout)
	}
	_, stdout, _ = call(t, "runs", "list", "--where", "batch=64", "--where", "status=in use")
	wantTexts(t, stdout, "runs/deeper/second")
	_, stdout, _ = call(t, "runs", "show", "los")
	wantTexts(t, stdout, "died", "4242 on "+host(t), "sslx pretrain --resume runs/deeper/lost")
	for _, args := range [][]string{{"list", "--where", "btach=64"}, {"list", "--where", "batch"}, {"show", "nothing"}} {
		if status, stdout, stderr := call(t, append([]string{"runs"}, args...)...); status != statusUsage || stdout != "" {
			t.Errorf("%v: status %d, %s%s", args, status, stdout, stderr)
		}
	}
}

func host(t *testing.T) string {
	t.Helper()
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// died makes a run whose process was killed a minute ago.
func died(t *testing.T, dir string) {
	t.Helper()
	config := sslx.Default()
	config.Epochs = 9
	if err := makeRun(t, dir, config).Close(); err != nil {
		t.Fatal(err)
	}
	lock := filepath.Join(dir, ".lock")
	writeFile(t, lock, `{"host":"`+host(t)+`","pid":4242}`)
	then := time.Now().Add(-time.Minute)
	if err := os.Chtimes(lock, then, then); err != nil {
		t.Fatal(err)
	}
}
