//go:build !(cgo && ((linux && (amd64 || arm64)) || (darwin && arm64)))

package backend

import "context"

const builtWithXLA = false

func load(_, _, _ string) (*Handle, error) { return nil, errNoXLA }

func releaseURL(context.Context) (string, error) { return "", errNoXLA }

// ForgetPrograms does nothing: no program is compiled.
func ForgetPrograms() {}
