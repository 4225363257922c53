package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sslx-go/lab/internal/usage"
)

// slow is a source of n images of one pixel, each of its index, that takes time for one.
type slow struct {
	n    int
	time time.Duration
	read atomic.Int64 // images read so far
	bad  []int
}

func (s *slow) Len() int                             { return s.n }
func (s *slow) Shape() (height, width, channels int) { return 1, 1, 3 }

func (s *slow) Read(dst []byte, i int) error {
	time.Sleep(s.time)
	s.read.Add(1)
	if slices.Contains(s.bad, i) {
		return fmt.Errorf("image %d is bad", i)
	}
	copy(dst, []byte{byte(i), byte(i), byte(i)})
	return nil
}

func upTo(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}

// drain returns the pixels and indices of all batches, and the error after the last.
func drain(l *Loader) (pixels []byte, indices []int32, err error) {
	for {
		p, i, err := l.Next()
		if err != nil {
			return pixels, indices, err
		}
		pixels, indices = append(pixels, p.Pixels...), append(indices, i...)
	}
}

func TestLoader_EqualsDirectReading(t *testing.T) {
	set, err := Factors(t.Context(), FactorsOptions{Cache: t.TempDir(), Train: 150, Test: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	train, _ := split(t, set, "train")
	order := rand.New(rand.NewPCG(1, 2)).Perm(train.N)
	var want []byte
	var wantIndices []int32
	for _, i := range order {
		want = append(want, train.Pixels[i*32*32*3:(i+1)*32*32*3]...)
		wantIndices = append(wantIndices, int32(i))
	}
	for _, batch := range []int{1, 7, 64, 150} {
		for _, opt := range []LoaderOptions{
			{}, {Workers: 1, Ahead: 1}, {Workers: 2}, {Workers: 3, Ahead: 5}, {Workers: 200},
		} {
			l := NewLoader(t.Context(), train, slices.Chunk(order, batch), opt)
			got, indices, err := drain(l)
			if err != io.EOF || !bytes.Equal(got, want) || !slices.Equal(indices, wantIndices) {
				t.Errorf("batch %d, %+v: the images differ from those of the pack, error %v", batch, opt, err)
			}
			l.Close()
		}
	}
}

func TestLoader_ABatchMayBeEmptyOrOfAnotherLength(t *testing.T) {
	batches := [][]int{{3, 1}, {}, {2}, {0, 0, 4}}
	l := NewLoader(t.Context(), &slow{n: 5}, slices.Values(batches), LoaderOptions{Workers: 2})
	defer l.Close()
	for _, want := range batches {
		batch, indices, err := l.Next()
		if err != nil || len(indices) != len(want) || batch.N != len(want) || batch.Check() != nil {
			t.Fatalf("got %+v and %v, error %v, want %v", batch, indices, err, want)
		}
		for at, i := range want {
			if int(indices[at]) != i || int(batch.At(at)[0]) != i {
				t.Errorf("got %v, want %v", indices, want)
			}
		}
	}
	for range 2 {
		if _, _, err := l.Next(); err != io.EOF {
			t.Errorf("after the last batch: %v", err)
		}
	}
}

func TestLoader_ReportsTheFirstBadImageForAnyWorkers(t *testing.T) {
	order := upTo(40)
	slices.Reverse(order) // 25 comes before 22
	for _, workers := range []int{1, 2, 3, 16} {
		source := &slow{n: 40, bad: []int{22, 25, 3}}
		l := NewLoader(t.Context(), source, slices.Chunk(order, 10), LoaderOptions{Workers: workers})
		_, indices, err := drain(l)
		if err == nil || err.Error() != "image 25 is bad" || len(indices) != 10 {
			t.Errorf("%d workers: %d images, then %v; want 10 images, then that 25 is bad", workers, len(indices), err)
		}
		if _, _, again := l.Next(); again != err {
			t.Errorf("the next error is %v", again)
		}
		l.Close()
	}
}

func TestLoader_AnIndexOutOfRangeIsAUsageErrorInItsPlace(t *testing.T) {
	for _, bad := range []int{-1, 6} {
		l := NewLoader(t.Context(), &slow{n: 6}, slices.Values([][]int{{0, 1}, {2, bad}}), LoaderOptions{})
		_, indices, err := drain(l)
		if !usage.Is(err) || !strings.Contains(err.Error(), fmt.Sprintf("index %d", bad)) || len(indices) != 2 {
			t.Errorf("%d images, then %v", len(indices), err)
		}
		l.Close()
	}
}

func TestLoader_ASlowCallerDoesNotGrowMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &slow{n: 100, time: time.Millisecond}
		l := NewLoader(t.Context(), source, slices.Chunk(upTo(100), 5), LoaderOptions{Workers: 3, Ahead: 2})
		defer l.Close()
		buffers := map[*byte]bool{}
		for taken := 0; ; taken++ {
			time.Sleep(time.Hour)
			synctest.Wait()
			// The batch in the caller's hands and two ahead.
			if read, want := int(source.read.Load()), min(100, 5*(max(taken, 1)+2)); read != want {
				t.Fatalf("%d images are read after %d batches of 5 were taken, want %d", read, taken, want)
			}
			batch, _, err := l.Next()
			if err == io.EOF {
				break
			}
			buffers[&batch.Pixels[0]] = true
		}
		if len(buffers) != 3 || source.read.Load() != 100 {
			t.Errorf("%d buffers for %d images, want 3 for 100", len(buffers), source.read.Load())
		}
	})
}

func TestLoader_WaitIsTheTimeThatTheCallerStarved(t *testing.T) {
	for name, c := range map[string]struct {
		step, want time.Duration
	}{
		// 20 images of 1 ms by 2 workers make a batch in 10 ms.
		"a caller faster than the source": {0, 50 * time.Millisecond},
		"a caller slower than the source": {20 * time.Millisecond, 10 * time.Millisecond}, // the first batch
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := &slow{n: 100, time: time.Millisecond}
				l := NewLoader(t.Context(), source, slices.Chunk(upTo(100), 20), LoaderOptions{Workers: 2})
				defer l.Close()
				for {
					if _, _, err := l.Next(); err != nil {
						break
					}
					time.Sleep(c.step)
				}
				if l.Wait() != c.want {
					t.Errorf("waited %v, want %v", l.Wait(), c.want)
				}
			})
		})
	}
}

func TestLoader_SteadyAllocatesNothing(t *testing.T) {
	set, _ := imported(t, animals(t).folder(t, "set"), ImportOptions{})
	train, _ := split(t, set, "train")
	l := NewLoader(t.Context(), train, endless(4, 3), LoaderOptions{Workers: 2})
	defer l.Close()
	next := func() {
		if _, _, err := l.Next(); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		next()
	}
	if allocations := testing.AllocsPerRun(200, next); allocations > 0 {
		t.Errorf("%v allocations a batch", allocations)
	}
}

// The bubble of synctest fails when a goroutine is left.
func TestLoader_EndsPromptlyWithItsContext(t *testing.T) {
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

func TestLoader_ClosedEarlyLeavesNoGoroutine(t *testing.T) {
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

func TestLoader_ABadImageLeavesNoGoroutineWithoutClose(t *testing.T) {
	before := runtime.NumGoroutine()
	l := NewLoader(t.Context(), &slow{n: 400, bad: []int{12}}, slices.Chunk(upTo(400), 10), LoaderOptions{Workers: 4})
	if _, _, err := drain(l); err == nil {
		t.Error("no error")
	}
	waitForGoroutines(t, before)
}
