package pretrain

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/augment"
)

// BenchmarkMemoryOfAStep compiles steps of 4096 images for the default encoder, and runs none.
func BenchmarkMemoryOfAStep(b *testing.B) {
	for _, name := range []string{"vicreg", "simclr"} {
		for _, chunk := range []int{0, 256} {
			for _, precision := range precisions {
				b.Run(fmt.Sprintf("%s/chunk=%d/%s", name, chunk, precision), func(b *testing.B) {
					c := Default()
					c.Batch, c.Chunk, c.Precision, c.Objective = 4096, chunk, precision, method(name)
					c.Views = augment.Views{{Size: 32, Flip: 0.5}, {Size: 32, Flip: 0.5}}
					memoryOfAStep(b, c)
				})
			}
		}
	}
}

func memoryOfAStep(b *testing.B, c Config) {
	d := blank(64, 4)
	for b.Loop() {
		store := newStore(c)
		s, err := newStepper(testbackend.Open(b), store, c, d, 0)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(temporary(s))/(1<<20), "MiB")
		s.close()
		store.Finalize()
	}
}

// temporary returns how many bytes XLA takes for what the largest program of s computes on the way: activations most of
// all. It is 0 on another backend.
func temporary(s *stepper) (most int64) {
	programs := []*model.Exec{s.exec}
	if s.chunks != nil {
		programs = []*model.Exec{s.chunks.embed, s.chunks.loss, s.chunks.backward, s.chunks.update}
	}
	for _, p := range programs {
		built := reflect.ValueOf(p).Elem().FieldByName("exec").Elem().FieldByName("cache").Index(0).Elem()
		compiled := built.FieldByName("graph").Elem().FieldByName("executable").Elem().Elem().FieldByName("exec")
		if compiled.IsValid() {
			most = max(most, compiled.Elem().FieldByName("OnDeviceMemoryUsageStats").FieldByName("Temporary").Int())
		}
	}
	return most
}
