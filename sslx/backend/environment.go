package backend

import (
	"os"
	"slices"
	"strings"
)

// defaultXLAFlags is added to $XLA_FLAGS before a plugin is loaded: a plugin reads its environment once. A flag that
// the user has set keeps the user's value. XLA ends the process on a flag that it does not know, so a flag listed here
// must be known to the pinned CPU plugin and to the CUDA plugins.
var defaultXLAFlags []string

// setEnvironment sets what XLA reads from the environment when it is loaded. XLA logs errors only through what it
// returns (TF_CPP_MIN_LOG_LEVEL 3), unless the user asked for more.
func setEnvironment() error {
	if os.Getenv("TF_CPP_MIN_LOG_LEVEL") == "" {
		if err := os.Setenv("TF_CPP_MIN_LOG_LEVEL", "3"); err != nil {
			return err
		}
	}
	flags := withDefaults(os.Getenv("XLA_FLAGS"), defaultXLAFlags)
	if flags == os.Getenv("XLA_FLAGS") {
		return nil
	}
	return os.Setenv("XLA_FLAGS", flags)
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
