// Package before remembers the environment as it was before any imported package changed it: it imports nothing that
// go-xla does not import too, and its path sorts before the packages that go-xla needs, so that it is initialized first
// (https://go.dev/ref/spec#Program_initialization).
package before

import "os"

// LogLevelEnv is the variable by which XLA's logging is set.
const LogLevelEnv = "TF_CPP_MIN_LOG_LEVEL"

var _, hadLogLevel = os.LookupEnv(LogLevelEnv)

// HadLogLevel reports whether the process was started with [LogLevelEnv].
func HadLogLevel() bool { return hadLogLevel }
