package record

import (
	"encoding/json"
	"testing"
)

func TestProtocol_HasFamilyDetailsAndLayer(t *testing.T) {
	for text, want := range map[string]Protocol{
		"":                               {},
		"knn/cosine/k20/t0.07@encoder":   {"knn", "cosine/k20/t0.07", "encoder"},
		"linear/sgd/b256/e90@projector0": {"linear", "sgd/b256/e90", "projector0"},
		"rankme@encoder":                 {"rankme", "", "encoder"},
		"knn/x":                          {"knn", "x", ""},
		"cka/linear/me@home@encoder":     {"cka", "linear/me@home", "encoder"},
	} {
		if got := ParseProtocol(text); got != want {
			t.Errorf("%q is %+v, want %+v", text, got, want)
		}
	}
}

func TestProtocol_NameIsWhatAnEvaluationAsksFor(t *testing.T) {
	for text, want := range map[string]string{
		"knn/cosine/k20/t0.07@pixels": "knn", "linear/lbfgs/l2-val@encoder": "linear",
		"linear/sgd/b256/e90@encoder":              "linear-sgd",
		"fewshot/lbfgs/1-per-class/draws5@encoder": "few-shot", "fine-tune/adamw/b64/s400@encoder": "fine-tune-short",
		"fine-tune/adamw/b64/i350000/e7-50/lr-val@encoder": "fine-tune", "alpha-req@encoder": "label-free",
		"mlp/adamw/h512/e30@encoder": "mlp", "lidar/q10@encoder": "label-free", "cka/linear/supervised@encoder": "cka",
		"linear/sgdx@encoder": "linear", "centroid@encoder": "centroid",
	} {
		if got := ParseProtocol(text).Name(); got != want {
			t.Errorf("the name of %s is %s, want %s", text, got, want)
		}
	}
}

func TestProtocol_ShortLeavesOutTheUsualLayer(t *testing.T) {
	for text, want := range map[string]string{
		"knn/x@encoder": "knn/x", "knn/x@pixels": "knn/x", "mlp/y@pixels16x16": "mlp/y",
		"knn/x@projector1": "knn/x@projector1",
	} {
		if got := ParseProtocol(text).Short(); got != want {
			t.Errorf("%s is %s in short, want %s", text, got, want)
		}
	}
}

// FuzzProtocol reads any text as a protocol and writes it again.
func FuzzProtocol(f *testing.F) {
	for _, text := range []string{"", "knn/cosine/k20/t0.07@encoder", "@", "/", "a@", "@a", "a/", "/a", "a//b@@c",
		"a/@b", "a@b/c", "\xff@\x00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p := ParseProtocol(text)
		if p.String() != text || ParseProtocol(p.String()) != p {
			t.Errorf("%q is %+v, which is %q", text, p, p)
		}
	})
}

func TestProtocol_ResultsReadAsTheyDid(t *testing.T) {
	line := `{"model":"simclr","task":"a/b","protocol":"knn/cosine/k20/t0.07@encoder","layer":"encoder","split":"test",` +
		`"metric":"accuracy","value":0.5,"n":3,"seed":1,"run":"r"}`
	var r Result
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		t.Fatal(err)
	}
	if text, err := json.Marshal(r); err != nil || string(text) != line {
		t.Errorf("%s is written as %s (%v)", line, text, err)
	}
}
