// Package tuned makes a whole process fast on XLA's CPU backend. It is imported for its effect:
//
//	import _ "github.com/sslx-go/lab/sslx/backend/tuned"
//
// The sslx command, the notebooks and this module's tests import it. It changes the process, so a library should not:
// leave the choice to the program. Without it, everything works, and a training step on the CPU takes about half as
// long again (docs/performance.md).
//
// On Linux with cgo and glibc, the program gets an allocator that suits XLA (heap.c): its threads do not wait for
// each other in malloc, and a step finds the memory of the step before it, in huge pages. The process keeps what it
// used at its peak. Where the system refuses the addresses, 68 GiB without memory behind them, glibc's allocator
// serves.
//
// When [backend.Open] loads the CPU plugin, $XLA_FLAGS gets the flags that make training steps faster. A flag that
// is set keeps its value. With other flags, results differ in their last digits. On processors with AVX-512, GOMAXPROCS
// grows by two when the first convolution is computed, for the threads of XLA that call Go.
//
// [backend.Open]: https://pkg.go.dev/github.com/sslx-go/lab/sslx/backend#Open
package tuned

import (
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/cpu"

	"github.com/sslx-go/lab/internal/tuning"
)

// cpuFlags returns what is added to $XLA_FLAGS before the CPU plugin is loaded: a plugin reads its environment once.
// XLA ends the process on a flag that it does not know, so the pinned plugin must know these, and no other plugin gets
// them.
func cpuFlags(avx512 bool) []string {
	if avx512 {
		// LLVM halves the vectors that such a processor has, unless it is told not to. With whole ones, views of 64
		// pixels are a seventh faster.
		return []string{"--xla_cpu_prefer_vector_width=512"}
	}

	// Where XLA computes convolutions itself, a training step of the convnet is a sixth faster without its newer
	// emitters of fused loops, and one of ResNet-18 a twentieth; views are a twentieth slower.
	return []string{"--xla_cpu_use_fusion_emitters=false"}
}

func init() { tuning.BeforeLoad, tuning.BeforeCalls = beforeLoad, moreThreads }

// beforeLoad prepares the environment that the plugin reads when it is loaded.
func beforeLoad() error {
	return os.Setenv("XLA_FLAGS", withDefaults(os.Getenv("XLA_FLAGS"), cpuFlags(cpu.X86.HasAVX512F)))
}

// moreThreads lets Go have more threads than cores. XLA's call Go for convolutions, one for each core, while the
// goroutines that called XLA wait: Go counts a wait of less than 10 ms as work. Programs that have no such calls keep
// what they have: with more, Go's own threads get in the way of work that all cores share.
var moreThreads = sync.OnceFunc(func() { runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 2) })

// withDefaults appends to the flags, separated by spaces, the defaults whose names are not among them.
func withDefaults(flags string, defaults []string) string {
	name := func(flag string) string {
		before, _, _ := strings.Cut(strings.TrimLeft(flag, "-"), "=")
		return before
	}
	given := strings.Fields(flags)
	for _, flag := range defaults {
		if !slices.ContainsFunc(given, func(g string) bool { return name(g) == name(flag) }) {
			flags = strings.TrimSpace(flags + " " + flag)
		}
	}
	return flags
}
