package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/sslx-go/lab/internal/usage"
)

// PeersEnv names the folder of the peers' Python environment.
const PeersEnv = "SSLX_PEERS"

// NoPeers, alone in [Options].Peers, measures sslx only.
const NoPeers = "none"

// Options are what every benchmark takes; start from [DefaultOptions].
type Options struct {
	// Peers are the names of the peers to compare with; none are all of the benchmark's, see [Peers].
	Peers []string

	// Turns is the number of turns that each program gets; positive.
	Turns int

	// Seconds is about how long a turn lasts; positive.
	Seconds float64

	// Progress is told what is being done, and how many turns of how many are over; it may be nil.
	Progress func(phase string, done, total int)

	// Warn is told what the user should know of data that are imported on the way; it may be nil.
	Warn func(string)

	pause time.Duration // between two turns
}

// DefaultOptions returns nine turns of two seconds with all peers, and a pause between turns in which threads that
// still spin come to rest.
func DefaultOptions() Options { return Options{Turns: 9, Seconds: 2, pause: 300 * time.Millisecond} }

func (o Options) report(phase string, done, total int) {
	if o.Progress != nil {
		o.Progress(phase, done, total)
	}
}

func (o Options) check(what string) error {
	_, err := o.chosen(what)
	switch {
	case err != nil:
		return err
	case o.Turns < 1:
		return usage.Errorf("%d turns measure nothing: there must be 1 or more", o.Turns)
	case !(o.Seconds > 0 && o.Seconds <= 3600):
		return usage.Errorf("a turn of %g seconds is out of range: it must be positive, and at most 3600", o.Seconds)
	}
	return nil
}

// program is one of the peers' Python programs.
type program struct {
	name, script string
	convnet      bool // in a race: it trains our convnet
}

// programs are the peers of each benchmark.
var programs = map[string][]program{
	"views": {{name: "torchvision", script: "views_torchvision"}, {name: "kornia", script: "views_kornia"},
		{name: "ffcv-ssl", script: "views_ffcv_ssl"}},
	"step":     {{name: "pytorch", script: "step_pytorch"}, {name: "jax", script: "step_jax"}},
	"endtoend": {{name: "lightly", script: "endtoend_lightly"}, {name: "solo-learn", script: "endtoend_solo"}},
	"evaluate": {{name: "scikit-learn", script: "evaluate_sklearn"}},
	"embed":    {{name: "pytorch", script: "embed_pytorch"}},
	"import":   {{name: "torchvision", script: "import_torchvision"}},
	"race": {{name: "lightly", script: "race_lightly"},
		{name: "lightly-convnet", script: "race_lightly_convnet", convnet: true},
		{name: "solo-learn-convnet", script: "race_solo_convnet", convnet: true}},
}

// Peers returns the names of the peers of a benchmark: "views", "step", "endtoend", "evaluate", "embed",
// "import" or "race".
func Peers(what string) (names []string) {
	for _, p := range programs[what] {
		names = append(names, p.name)
	}
	return names
}

// chosen returns the programs of the peers that the options name.
func (o Options) chosen(what string) ([]program, error) {
	if len(o.Peers) == 1 && o.Peers[0] == NoPeers {
		return nil, nil
	}
	if len(o.Peers) == 0 {
		return programs[what], nil
	}

	// In the order in which they are named.
	var found []program
	for _, name := range o.Peers {
		if name == NoPeers {
			return nil, usage.Errorf("the peer %q stands alone: leave it out, or the others", NoPeers)
		}
		p, ok := find(programs[what], name)
		if !ok {
			return nil, usage.Unknown("peer of "+what, name, append(Peers(what), NoPeers))
		}
		found = append(found, p)
	}
	return found, nil
}

func find(all []program, name string) (program, bool) {
	for _, p := range all {
		if p.name == name {
			return p, true
		}
	}
	return program{}, false
}

// python returns the interpreter of the peers' environment, which may not be there.
func python() (string, error) {
	folder := os.Getenv(PeersEnv)
	if folder == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("cannot find the peers: %w", err)
		}
		folder = filepath.Join(cache, "sslx", "peers")
	}

	// As venv lays an environment out.
	if runtime.GOOS == "windows" {
		return filepath.Join(folder, "Scripts", "python.exe"), nil
	}
	return filepath.Join(folder, "bin", "python"), nil
}

// firstError returns the first error that is not nil.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
