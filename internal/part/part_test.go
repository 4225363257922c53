package part

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestBlame_NamesTheInnermostPart(t *testing.T) {
	for _, c := range []struct {
		cause any
		want  string
	}{
		{errors.New("no embeddings"), "operation b: no embeddings"},
		{"no embeddings", "operation b: no embeddings"},
	} {
		err := caught(func() {
			defer Blame("objective a")
			func() {
				defer Blame("operation b")
				panic(c.cause)
			}()
		})
		if err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %q", err, c.want)
		}
		if text := fmt.Sprintf("%+v", err); !strings.Contains(text, "part_test.go") {
			t.Errorf("%%+v does not say where: %s", text)
		}
	}
}

func TestBlame_IsSilentWithoutAPanic(t *testing.T) {
	if err := caught(func() { defer Blame("objective a") }); err != nil {
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
