package backend

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/gomlx/go-xla/installer"

	"github.com/sslx-go/lab/internal/processor"
	"github.com/sslx-go/lab/internal/words"
)

// HasGPU guesses from device files and nvidia-smi whether there is an NVIDIA GPU that go-xla can use.
func HasGPU() bool { return runtime.GOOS == "linux" && installer.HasNvidiaGPU() }

// cpuText describes the processor, for instance "AMD EPYC 7B13 (family 25, model 1), 2 cores".
func cpuText() string {
	name, _ := processor.Describe()
	return fmt.Sprintf("%s, %s", name, words.Count(runtime.NumCPU(), "core"))
}

// gpuText names the first GPU as nvidia-smi does, or returns other where that is not installed.
func gpuText(other string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "nvidia-smi", "--query-gpu=name", "--format=csv,noheader").Output()
	name, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if err != nil || name == "" {
		return other
	}
	return name
}

// driverMajor returns the major version of NVIDIA's kernel driver, 0 when it is not known.
func driverMajor() int {
	text, _ := os.ReadFile("/proc/driver/nvidia/version")
	return parseDriver(string(text))
}

// parseDriver finds the version in a line like
// "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024".
func parseDriver(text string) int {
	m := regexp.MustCompile(`\b(\d{3})\.\d+`).FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	major, _ := strconv.Atoi(m[1])
	return major
}

// cudaFor returns the plugin that a driver can run: CUDA 13 needs driver 580 or newer
// (https://docs.nvidia.com/cuda/cuda-toolkit-release-notes, table "CUDA Toolkit and Minimum Required Driver Version").
func cudaFor(driver int) string {
	if driver > 0 && driver < 580 {
		return "cuda12"
	}
	return "cuda13"
}
