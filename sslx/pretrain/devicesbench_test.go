package pretrain

import (
	"testing"
	"time"

	"github.com/sslx-go/lab/internal/testbackend"
)

// BenchmarkTwoDevices trains the default encoder on one device and on two that share its batch, in turns of ten steps
// on the same cores, and reports the images a second of both and their ratio.
func BenchmarkTwoDevices(b *testing.B) {
	if n := testbackend.Open(b).NumDevices(); n < 2 {
		b.Skipf("%s has %d devices", testbackend.Open(b).Name(), n)
	}
	const turn = 10
	c := Default()
	d := blank(256, 4)
	for i := range d.Pixels {
		d.Pixels[i] = byte(i * 2654435761 >> 16)
	}
	var steppers [2]*stepper
	for i := range steppers {
		c.Devices = i + 1
		store := newStore(c)
		s, err := newStepper(testbackend.Open(b), store, c, d, 0)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(store.Finalize)
		b.Cleanup(s.close)
		steppers[i] = s
	}
	steps := func(s *stepper) time.Duration {
		began := time.Now()
		for range turn {
			if _, err := s.run(firstValues(c, d)); err != nil {
				b.Fatal(err)
			}
		}
		return time.Since(began)
	}
	for _, s := range steppers {
		steps(s) // warm
	}
	var took [2]time.Duration
	turns := 0
	for b.Loop() {
		turns++
		for i, s := range steppers {
			took[i] += steps(s)
		}
	}
	images := float64(turns * turn * c.Batch)
	b.ReportMetric(images/took[0].Seconds(), "images/s/1-device")
	b.ReportMetric(images/took[1].Seconds(), "images/s/2-devices")
	b.ReportMetric(took[0].Seconds()/took[1].Seconds(), "2-devices/1")
}
