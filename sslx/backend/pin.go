package backend

import (
	"context"
	"fmt"
	"regexp"
	"runtime"

	"github.com/gomlx/go-xla/installer"
)

// The CPU plugin: package xla-cpu-pjrt 0.0.1 of PyPI, by The OpenXLA Authors; PJRT C API 0.81.
const (
	wheelPackage = "xla-cpu-pjrt"
	wheelVersion = "0.0.1"
	wheelLibrary = "xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so"
)

// pin holds what one platform's wheel must be: how its file name ends, the sha256 that PyPI publishes of the wheel,
// and the sha256 of the library inside, computed from a wheel with that checksum.
type pin struct{ suffix, wheel, library string }

var pins = map[string]pin{
	"linux_amd64": {
		suffix:  `-manylinux_2_27_x86_64\.whl$`,
		wheel:   "55837b6b7b47daa717f2d9a5a03563ea0ceaa338d06a81a1e2d3f060d960decc",
		library: "88c3f28c5900f48ad4a82cab9e79bba9537809743395e341485f8794268820dc",
	},
	"linux_arm64": {
		suffix:  `-manylinux_2_27_aarch64\.whl$`,
		wheel:   "8f613be6e891858f40d64f9799319502fff42689661944fc18a6ffd8210b30c9",
		library: "fcf411f3e8ff635c2b2cf87215aa7016f460e66d236c3db08309e7486583532d",
	},
}

// The plugins for NVIDIA's GPUs: packages jax-cuda12-pjrt and jax-cuda13-pjrt of PyPI, by the JAX team, for
// linux/amd64. go-xla's installer compares wheels with the checksums that PyPI publishes; the library inside is
// compared with these.
const cudaVersion = "0.12.0.1"

var cudaPins = map[string]pin{
	"cuda12": {
		wheel:   "5ec28e06198d094031c37590b4ea753ae8cde4879ab4b60baf40f0dffb673286",
		library: "921aaa9c635255fb7b7a660d11c8f702c78a70e7f7d005d4f377c2dc5f0fede2",
	},
	"cuda13": {
		wheel:   "5899bb6177eda86ea532afb9a26794f2bdd04966f6a01f9028266b16c2b6cf90",
		library: "b6de513893c09af2c77e71afcef46d9706f8c259337cdef4cd5cae2353886f75",
	},
}

func platform() string { return runtime.GOOS + "_" + runtime.GOARCH }

// wheelURL asks PyPI where the platform's wheel lies.
func wheelURL(ctx context.Context) (string, error) {
	return await(ctx, func() (string, error) {
		info, err := installer.GetPipInfo(wheelPackage)
		if err != nil {
			return "", fmt.Errorf("cannot ask PyPI for %s: %w", wheelPackage, err)
		}
		suffix := regexp.MustCompile(pins[platform()].suffix)
		wheel, err := installer.PipSelectRelease(info.Releases[wheelVersion], suffix, false)
		if err != nil {
			return "", fmt.Errorf("PyPI has no %s %s: %w", wheelPackage, wheelVersion, err)
		}
		return wheel.URL, nil
	})
}

// await calls look, which cannot be canceled, and returns its result, or ctx's error as soon as ctx ends; look then
// ends by itself with its connection.
func await(ctx context.Context, look func() (string, error)) (string, error) {
	type result struct {
		url string
		err error
	}

	// Room for one: look may end when nobody waits any more.
	found := make(chan result, 1)
	go func() {
		url, err := look()
		found <- result{url, err}
	}()
	select {
	case r := <-found:
		return r.url, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
