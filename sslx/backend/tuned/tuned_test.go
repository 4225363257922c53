package tuned

import (
	"runtime"
	"slices"
	"testing"

	"github.com/sslx-go/lab/internal/cores"
	"github.com/sslx-go/lab/internal/tuning"
)

func TestCPUFlags_AskForWideVectorsWhereThereAre(t *testing.T) {
	const wide = "--xla_cpu_prefer_vector_width=512"
	for _, avx512 := range []bool{true, false} {
		if got := slices.Contains(cpuFlags(avx512), wide); got != avx512 {
			t.Errorf("with AVX-512 %t, %s is set: %t", avx512, wide, got)
		}
	}
}

func TestCPUFlags_LeaveOutNewerEmittersWhereThereAreNoKernels(t *testing.T) {
	const older = "--xla_cpu_use_fusion_emitters=false"
	for _, avx512 := range []bool{true, false} {
		if got := slices.Contains(cpuFlags(avx512), older); got == avx512 {
			t.Errorf("with AVX-512 %t, %s is set: %t", avx512, older, got)
		}
	}
}

func TestBeforeCalls_GivesGoTwoThreadsOnce(t *testing.T) {
	before, count := runtime.GOMAXPROCS(0), cores.Count()
	defer runtime.GOMAXPROCS(before)
	for range 2 {
		tuning.BeforeCalls()
		if got := runtime.GOMAXPROCS(0); got != before+2 || cores.Count() != count {
			t.Errorf("GOMAXPROCS is %d after %d, and cores are %d after %d", got, before, cores.Count(), count)
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
