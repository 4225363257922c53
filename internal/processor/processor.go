// Package processor names the processor and its features, as records of runs and measurements do.
package processor

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
)

// features are the instruction sets that decide how fast a training is, as Linux names them: the width of vectors, and
// bfloat16.
var features = []string{"avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "sve", "bf16"}

// Describe returns the processor's name and features where Linux tells them, and the architecture elsewhere.
func Describe() (name string, has []string) {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH, nil
	}
	return parse(string(text))
}

// parse reads the text of /proc/cpuinfo. Virtual machines often shorten a model's name to that of its series, so family
// and model, where there are some, tell processors of one name apart.
func parse(text string) (name string, has []string) {
	// The first core stands for all: a blank line ends it.
	core, _, _ := strings.Cut(text, "\n\n")
	facts := map[string]string{}
	for line := range strings.Lines(core) {
		key, value, _ := strings.Cut(line, ":")
		facts[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}

	name = cmp.Or(facts["model name"], runtime.GOARCH)
	if family, model := facts["cpu family"], facts["model"]; family != "" && model != "" {
		name += fmt.Sprintf(" (family %s, model %s)", family, model)
	}

	// On x86 and on ARM.
	flags := strings.Fields(cmp.Or(facts["flags"], facts["Features"]))
	lacks := func(f string) bool { return !slices.Contains(flags, f) }
	return name, slices.DeleteFunc(slices.Clone(features), lacks)
}
