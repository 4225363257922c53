package processor

import (
	"runtime"
	"slices"
	"testing"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		title, text, name string
		features          []string
	}{
		{"a virtual machine's", "processor\t: 0\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC\n" +
			"flags\t\t: fpu avx2 avx512f avx512_bf16\n\nprocessor\t: 1\nmodel name\t: another\n",
			"AMD EPYC (family 25, model 17)", []string{"avx2", "avx512f", "avx512_bf16"}},
		{"an ARM's", "processor\t: 0\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd sve\n\n", runtime.GOARCH,
			[]string{"asimd", "sve"}},
		{"a name alone", "model name\t: a processor: fast\n", "a processor: fast", []string{}},
		{"nothing", "", runtime.GOARCH, []string{}},
	} {
		name, features := parse(test.text)
		if name != test.name || !slices.Equal(features, test.features) {
			t.Errorf("%s: %q with %q, want %q with %q", test.title, name, features, test.name, test.features)
		}
	}
}
