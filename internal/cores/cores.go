// Package cores counts the cores that work can be shared by.
package cores

import "runtime"

var count = runtime.GOMAXPROCS(0)

// Count returns how many cores Go may use: GOMAXPROCS as it was when the program began. Package tuned raises it later,
// for threads that wait.
func Count() int { return count }
