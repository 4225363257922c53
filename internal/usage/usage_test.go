package usage

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestNearest_FindsTheNameThatWasMeant(t *testing.T) {
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

func TestUnknown_IsAUsageErrorEvenWhenWrapped(t *testing.T) {
	err := fmt.Errorf("run.yaml: %w", Unknown("key", "epoch", []string{"epochs"}))
	if !Is(err) || !strings.Contains(err.Error(), `did you mean "epochs"?`) {
		t.Errorf("got %v, Is = %v", err, Is(err))
	}
	if Is(fmt.Errorf("disk")) {
		t.Error("a plain error was taken for a usage error")
	}
}

func TestArgumentOf_FindsItInAnyErrorOfTheChain(t *testing.T) {
	disk := errors.New("disk")
	for _, c := range []struct {
		err   error
		want  string
		usage bool
	}{
		{fmt.Errorf("import: %w", About("size", "choose a size")), "size", true},
		{fmt.Errorf("import: %w", Advise("skip-bad", disk)), "skip-bad", false},
		{disk, "", false},
	} {
		if got := ArgumentOf(c.err); got != c.want || Is(c.err) != c.usage {
			t.Errorf("%v: argument %q, usage %v", c.err, got, Is(c.err))
		}
	}
	if !errors.Is(Advise("x", disk), disk) {
		t.Error("the error that was advised on is lost")
	}
}
