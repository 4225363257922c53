//go:build !(cgo && linux && amd64)

package backend

import (
	"context"
	"fmt"
)

func installCUDA(_ context.Context, which, _ string) (string, error) {
	return "", fmt.Errorf("cannot install %s: CUDA plugins exist for linux/amd64 only, this is %s", which, platform())
}
