package dataset

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

func TestAnUnchangedSourceIsNotImportedTwice(t *testing.T) {
	cache, source := t.TempDir(), animals(t).folder(t, "set")
	_, first := imported(t, source, ImportOptions{Cache: cache})
	_, again := imported(t, source, ImportOptions{Cache: cache})
	if first.Reused || !again.Reused || first.Pack != again.Pack || first.Fingerprint != again.Fingerprint {
		t.Errorf("first %+v, again %+v", first, again)
	}
	write(t, filepath.Join(source, "train", "cat", "9.png"), gray(t, 90))
	if _, changed := imported(t, source, ImportOptions{Cache: cache}); changed.Reused || changed.Splits[0].N != 5 {
		t.Errorf("after a change: %+v", changed)
	}
	if left := leftBehind(t, cache); len(left) != 1 {
		t.Errorf("the cache holds %v, want one pack", left)
	}
}

func TestImportMendsADamagedPack(t *testing.T) {
	cache, source := t.TempDir(), animals(t).folder(t, "set")
	_, first := imported(t, source, ImportOptions{Cache: cache})
	content, err := os.ReadFile(first.Pack)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)-1] ^= 1
	write(t, first.Pack, string(content))
	if _, again := imported(t, source, ImportOptions{Cache: cache}); again.Reused {
		t.Error("a damaged pack was reused")
	}
}

func TestImportsAtOnceMakeOnePack(t *testing.T) {
	cache, source := t.TempDir(), animals(t).folder(t, "set")
	var made atomic.Int32
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			_, report, err := Import(context.Background(), source, ImportOptions{Cache: cache})
			if err != nil {
				t.Error(err)
			}
			if !report.Reused {
				made.Add(1)
			}
		})
	}
	group.Wait()
	if left := leftBehind(t, cache); made.Load() != 1 || len(left) != 1 {
		t.Errorf("%d imports made a pack and the cache holds %v", made.Load(), left)
	}
}

func TestACancelledImportLeavesNothing(t *testing.T) {
	f := animals(t)
	goroutines := runtime.NumGoroutine()
	for name, source := range map[string]string{
		"folder": f.folder(t, "set"), "archive": archived(t, "set.tgz", gzipped(t, f.tar(t, f.names()))),
	} {
		cache := t.TempDir()
		ctx, cancel := context.WithCancel(context.Background())
		stop := func(done, _ int64) {
			if done == 2 {
				cancel()
			}
		}
		if _, _, err := Import(ctx, source, ImportOptions{Cache: cache, Progress: stop}); !errors.Is(err,
			context.Canceled) {
			t.Errorf("%s: got %v", name, err)
		}
		if left := leftBehind(t, cache); left != nil {
			t.Errorf("%s: left behind: %v", name, left)
		}
	}
	waitForGoroutines(t, goroutines)
}

func TestProgressCountsEveryImageOnce(t *testing.T) {
	var seen []int64
	imported(t, animals(t).folder(t, "set"), ImportOptions{Progress: func(done, total int64) {
		if total != 6 {
			t.Errorf("total is %d, want 6", total)
		}
		seen = append(seen, done)
	}})
	if !slices.Equal(seen, []int64{1, 2, 3, 4, 5, 6}) {
		t.Errorf("progress was %v", seen)
	}
}

func TestLeftoversOfAKilledImportAreRemoved(t *testing.T) {
	cache, source := t.TempDir(), animals(t).folder(t, "set")
	_, report := imported(t, source, ImportOptions{Cache: cache})
	packs, pack := filepath.Split(report.Pack)
	write(t, filepath.Join(packs, "."+pack+"123456"), "half")
	if err := os.Remove(report.Pack); err != nil {
		t.Fatal(err)
	}
	imported(t, source, ImportOptions{Cache: cache})
	if left := leftBehind(t, cache); !slices.Equal(left, []string{report.Pack}) {
		t.Errorf("the cache holds %v", left)
	}
}

// The values are quoted in many CIFAR-10 recipes, for example https://github.com/kuangliu/pytorch-cifar/issues/19.
func TestCIFAR10HasThePublishedStatistics(t *testing.T) {
	source := findSource(os.Getenv("SSLX_DATA"), "cifar10")
	if source == "" {
		t.Skip("needs cifar10.tar.gz in $SSLX_DATA")
	}
	set, report := imported(t, source, ImportOptions{})
	mean, std := set.Stats()
	wantMean := [3]float64{0.49139968, 0.48215841, 0.44653091}
	wantStd := [3]float64{0.24703223, 0.24348513, 0.26158784}
	for k := range 3 {
		if diff := mean[k] - wantMean[k]; diff > 1e-8 || diff < -1e-8 {
			t.Errorf("mean %d is %.8f, want %.8f", k, mean[k], wantMean[k])
		}
		if diff := std[k] - wantStd[k]; diff > 1e-8 || diff < -1e-8 {
			t.Errorf("std %d is %.8f, want %.8f", k, std[k], wantStd[k])
		}
	}
	if want := []SplitCount{{"train", 50_000}, {"test", 10_000}}; !slices.Equal(report.Splits, want) {
		t.Errorf("splits are %v", report.Splits)
	}
	want := []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}
	if got := set.Tasks()[0].Classes; !slices.Equal(got, want) {
		t.Errorf("classes are %v", got)
	}
	_, labels := split(t, set, "test")
	if keep, held := StratifiedHoldOut(labels, 0.1, 1); len(keep) != 9000 || len(held) != 1000 {
		t.Errorf("a tenth of test is %d, the rest %d", len(held), len(keep))
	}
}
