package usage

import "path/filepath"

// Program is what the user types to run this program, in the commands that it prints. A program that adds parts of its
// own to the command has another name.
var Program = "sslx"

// ProgramName returns what a user types for the program that was started as path: its name where it was found, or a
// relative path as it is.
func ProgramName(path string) string {
	if name := filepath.Base(path); filepath.IsAbs(path) || name == "sslx" {
		return name
	}
	return path
}
