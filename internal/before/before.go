// Package before acts before go-xla is initialized, so that importing it has no effect that lasts: it remembers the
// environment that go-xla's packages change, and keeps them from logging an error where there is no home folder.
// Package backend calls [Restore] when they are initialized.
//
// Packages are initialized in the order of their paths once all that they import is
// (https://go.dev/ref/spec#Program_initialization). This one needs only the standard library, and go-xla needs packages
// whose paths come after this one's.
package before

import "os"

// LogLevelEnv is the variable by which XLA's logging is set. go-xla sets it.
const LogLevelEnv = "TF_CPP_MIN_LOG_LEVEL"

// pluginsEnv is the variable with go-xla's plugin folders. Without it, go-xla logs an error where HOME is not set.
const pluginsEnv = "PJRT_PLUGIN_LIBRARY_PATH"

var changed = func() (names []string) {
	if _, ok := os.LookupEnv(LogLevelEnv); !ok {
		names = append(names, LogLevelEnv)
	}
	_, listed := os.LookupEnv(pluginsEnv)
	if _, err := os.UserHomeDir(); err != nil && !listed && os.Setenv(pluginsEnv, "/usr/local/lib/go-xla") == nil {
		names = append(names, pluginsEnv)
	}
	return names
}()

// Restore makes the environment what it was when the process started.
func Restore() {
	for _, name := range changed {
		_ = os.Unsetenv(name)
	}
}
