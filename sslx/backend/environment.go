package backend

import (
	"os"
	"slices"
	"strings"
)

// cpuFlags is added to $XLA_FLAGS before the CPU plugin is loaded: a plugin reads its environment once. A flag that the user
// has set keeps the user's value. XLA ends the process on a flag that it does not know, so the pinned plugin must know these,
// and no other plugin gets them.
//
// Without its newer emitters of fused loops, a training step of the convnet is a sixth faster, and one of ResNet-18 a
// twentieth; views are a twentieth slower.
var cpuFlags = []string{"--xla_cpu_use_fusion_emitters=false"}

// setEnvironment sets what a plugin reads from the environment when it is loaded. XLA logs errors only through what it
// returns (TF_CPP_MIN_LOG_LEVEL 3), unless the user asked for more.
func setEnvironment(plugin string) error {
	if os.Getenv("TF_CPP_MIN_LOG_LEVEL") == "" {
		if err := os.Setenv("TF_CPP_MIN_LOG_LEVEL", "3"); err != nil {
			return err
		}
	}
	if plugin != cpu {
		return nil
	}
	return os.Setenv("XLA_FLAGS", withDefaults(os.Getenv("XLA_FLAGS"), cpuFlags))
}

// withDefaults appends to the flags, separated by spaces, those of the defaults whose names are not among them.
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
