package sslx

import (
	"testing"

	"github.com/sslx-go/lab/sslx/record"
)

func TestDetail_SaysWhatTheNumbersAre(t *testing.T) {
	accuracy := 0.1562
	m := record.Metrics{Step: 1, Loss: 4.1234, Chance: 5.5413, ProbeAccuracy: &accuracy}
	const want = "loss 4.123 (chance 5.541), shape 15.6 % (online linear probe)"
	if got := detail(m, "shape"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}

	// Without labels there is no probe, and before the first line of the log there is nothing.
	m.ProbeAccuracy = nil
	if got := detail(m, ""); got != "loss 4.123 (chance 5.541)" {
		t.Errorf("without a probe: %q", got)
	}
	if got := detail(record.Metrics{}, "shape"); got != "" {
		t.Errorf("before the first step: %q", got)
	}
}
