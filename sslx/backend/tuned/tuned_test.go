package tuned

import (
	"slices"
	"testing"
)

func TestCPUFlags_AskForWideVectorsWhereThereAre(t *testing.T) {
	const wide = "--xla_cpu_prefer_vector_width=512"
	for _, avx512 := range []bool{true, false} {
		if got := slices.Contains(cpuFlags(avx512), wide); got != avx512 {
			t.Errorf("with AVX-512 %t, %s is set: %t", avx512, wide, got)
		}
	}
}

func TestWithDefaults_KeepsTheUsersFlags(t *testing.T) {
	defaults := []string{"--xla_a=1", "--xla_b=2"}
	for given, want := range map[string]string{
		"":                     "--xla_a=1 --xla_b=2",
		"--xla_a=7 --xla_c":    "--xla_a=7 --xla_c --xla_b=2",
		"--xla_b=0 --xla_a=no": "--xla_b=0 --xla_a=no",
	} {
		if got := withDefaults(given, defaults); got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
}
