package blame

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestPart_NamesTheInnermostPart(t *testing.T) {
	for _, c := range []struct {
		cause any
		want  string
	}{
		{errors.New("no embeddings"), "operation b: no embeddings"},
		{"no embeddings", "operation b: no embeddings"},
	} {
		err := caught(func() {
			defer Part("objective a")
			func() {
				defer Part("operation b")
				panic(c.cause)
			}()
		})
		if err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %q", err, c.want)
		}
		if text := fmt.Sprintf("%+v", err); !strings.Contains(text, "blame_test.go") {
			t.Errorf("%%+v does not say where: %s", text)
		}
	}
}

func TestPart_IsSilentWithoutAPanic(t *testing.T) {
	if err := caught(func() { defer Part("objective a") }); err != nil {
		t.Error(err)
	}
}

func caught(run func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = p.(error)
		}
	}()
	run()
	return nil
}
