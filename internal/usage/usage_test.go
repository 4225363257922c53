package usage

import (
	"fmt"
	"strings"
	"testing"
)

func TestNearestFindsTheNameThatWasMeant(t *testing.T) {
	known := []string{"optimizer.lr", "optimizer.name", "epochs", "batch"}
	for _, c := range []struct{ name, want string }{
		{"optimiser.lr", "optimizer.lr"},
		{"epoch", "epochs"},
		{"Batch", "batch"},
		{"temperature", ""},
	} {
		if got := Nearest(c.name, known); got != c.want {
			t.Errorf("Nearest(%q) = %q, want %q", c.name, got, c.want)
		}
	}
}

func TestUnknownIsAUsageErrorEvenWhenWrapped(t *testing.T) {
	err := fmt.Errorf("run.yaml: %w", Unknown("key", "epoch", []string{"epochs"}))
	if !Is(err) || !strings.Contains(err.Error(), `did you mean "epochs"?`) {
		t.Errorf("got %v, Is = %v", err, Is(err))
	}
	if Is(fmt.Errorf("disk")) {
		t.Error("a plain error was taken for a usage error")
	}
}
