package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/lockfile"
	"github.com/sslx-go/lab/internal/registry"
	"github.com/sslx-go/lab/internal/usage"
)

const (
	configFile      = "config.yaml"
	environmentFile = "environment.json"
	metricsFile     = "metrics.jsonl"
	resultsFile     = "results.jsonl"
	curvesFile      = "curves.jsonl"
	confusionsFile  = "confusions.jsonl"
	checkpointFile  = "checkpoint.safetensors"
	reportFile      = "report.html"
	lockFile        = ".lock"
)

// Pictures of a run folder, which are there when they were drawn.
const (
	ViewsPicture     = "views.png"     // training images next to their views
	NeighborsPicture = "neighbors.png" // test images and those that the encoder finds most like them
	MapPicture       = "map.png"       // test images by the principal components of their representations
)

// Run is a run folder that this process holds for writing.
type Run struct {
	dir   string
	lock  *lockfile.Lock
	given chan struct{} // closed when the run is given back
	close sync.Once
}

// Create makes the folder dir, which must be absent or empty, writes config (as YAML) and environment to it, and
// returns it locked. A folder with files in it, or in use, is a usage error.
func Create(dir string, config any, environment Environment) (*Run, error) {
	if err := vacant(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("cannot make run folder: %w", err)
	}

	r, err := locked(dir)
	if err != nil {
		return nil, err
	}
	if err := vacant(dir); err != nil { // another process may have been faster
		return nil, errors.Join(err, r.Close())
	}

	// A start that is interrupted here leaves no configuration, hence no run: the folder can be used again.
	text, err := yaml.Marshal(config)
	if err == nil {
		err = writeJSON(r.path(environmentFile), environment)
	}
	if err == nil { // the configuration last: with it the folder is a run
		err = atomicfile.Write(r.path(configFile), func(w io.Writer) error { _, err := w.Write(text); return err })
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot start run %s: %w", dir, err), r.Close())
	}
	return r, nil
}

// vacant returns a usage error when dir holds a run, or anything else than what a killed Create leaves.
func vacant(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return usage.Errorf("run folder %s cannot be used: %v", dir, err)
	}
	if IsRun(dir) {
		return usage.About("out", "run folder %s already holds a run: resume it, or choose another folder", dir)
	}

	// What a killed Create leaves is no obstacle.
	for _, entry := range entries {
		if name := entry.Name(); name != lockFile && name != environmentFile && !isTemporary(name) {
			return usage.About("out", "run folder %s is not empty: choose another folder", dir)
		}
	}
	return nil
}

// Open returns the run in dir, locked for writing. A folder that is no run, or in use, is a usage error.
func Open(dir string) (*Run, error) {
	if !IsRun(dir) {
		return nil, usage.Errorf("%s is not a run folder: it has no %s", dir, configFile)
	}
	return locked(dir)
}

// IsRun reports whether dir holds a run.
func IsRun(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, configFile))
	return err == nil && info.Mode().IsRegular()
}

// locked locks the folder dir, and removes the temporary files that a killed process left there.
func locked(dir string) (*Run, error) {
	lock, err := take(dir)
	if err != nil {
		return nil, err
	}

	r := &Run{dir: dir, lock: lock}
	if err := r.hold(); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot lock run %s: %w", dir, err), lock.Close())
	}

	// With the lock held, temporary files have no owner.
	if err := r.sweep(); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot clear run %s of temporary files: %w", dir, err), r.Close())
	}
	return r, nil
}

// temporary matches the names of files that become a run's when they are whole.
var temporary = regexp.MustCompile(
	`^\.(config\.yaml|(environment|ancestry)\.json|(metrics|results|curves)\.jsonl|checkpoint\.safetensors|report\.html|` +
		`(views|neighbors|map)\.png|events\.out\.tfevents\.[0-9.]+\.sslx)[0-9]+$`)

func isTemporary(name string) bool { return temporary.MatchString(name) }

func (r *Run) sweep() error {
	entries, err := os.ReadDir(r.dir)
	for _, entry := range entries {
		if isTemporary(entry.Name()) {
			err = errors.Join(err, os.Remove(r.path(entry.Name())))
		}
	}
	return err
}

// Close gives the run back. It may be called twice.
func (r *Run) Close() error {
	r.close.Do(func() {
		close(r.given)
		_ = r.lock.Write(nil) // with nobody named in it the run was given back; it may be removed
	})
	return r.lock.Close()
}

// Remove deletes the run and gives it back. Where it was killed, a run without a checkpoint or an empty folder is left,
// which training can begin in.
func (r *Run) Remove() error {
	entries, err := os.ReadDir(r.dir)
	for _, entry := range entries {
		if name := entry.Name(); name != lockFile && name != configFile {
			err = errors.Join(err, os.RemoveAll(r.path(name)))
		}
	}

	// The configuration comes last: until it is gone the folder is a run, which can be removed again.
	if err == nil {
		err = os.Remove(r.path(configFile))
	}
	if err == nil {
		err = os.RemoveAll(r.dir)
	}

	if err != nil {
		err = fmt.Errorf("cannot delete run %s: %w", r.dir, err)
	}
	return errors.Join(err, r.Close())
}

// Dir returns the run's folder.
func (r *Run) Dir() string { return r.dir }

// Name returns the base name of the run's folder.
func (r *Run) Name() string { return Name(r.dir) }

// Name returns the name of the run in dir: the folder's base name.
func Name(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return filepath.Base(dir)
}

func (r *Run) path(name string) string { return filepath.Join(r.dir, name) }

// CheckpointPath returns the path of the checkpoint of the run in dir.
func CheckpointPath(dir string) string { return filepath.Join(dir, checkpointFile) }

// PicturePath returns the path of a picture of the run in dir.
func PicturePath(dir, picture string) string { return filepath.Join(dir, picture) }

// ReportPath returns the path of the report of the run in dir.
func ReportPath(dir string) string { return filepath.Join(dir, reportFile) }

// ReadConfig decodes the configuration of the run in dir into config. Keys that config does not have are an error.
func ReadConfig(dir string, config any) error {
	path := filepath.Join(dir, configFile)
	text, err := atomicfile.ReadDescription(path)
	if errors.Is(err, fs.ErrNotExist) {
		return usage.Errorf("%s is not a run folder: it has no %s", dir, configFile)
	}
	if err != nil {
		return err
	}

	// A key that is not known must not be ignored: the run would not be the one that was recorded.
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)

	err = decoder.Decode(config)
	var mismatch *yaml.TypeError
	if errors.As(err, &mismatch) {
		quoted := strconv.Quote(mismatch.Errors[0]) // it repeats the value, which may have several lines
		err = errors.New(quoted[1 : len(quoted)-1])
	}

	// Only the program that was built from a module has the parts that it registers.
	if registry.IsUnknownName(err) {
		return fmt.Errorf("%s names a part that this program does not have (%w): use %s (docs/extending.md)",
			path, err, trainedBy(dir))
	}
	if err != nil {
		return fmt.Errorf("%s is not a configuration of this version: %w", path, err)
	}
	return nil
}

// trainedBy names the program that trained the run in dir as well as its record does.
func trainedBy(dir string) string {
	const program = "the program that trained the run"
	if e, err := ReadEnvironment(dir); err == nil && e.Program != "" {
		return program + ", which is of module " + e.Program
	}
	return program
}

// ReadEnvironment returns the environment of the run in dir.
func ReadEnvironment(dir string) (e Environment, err error) {
	text, err := atomicfile.ReadDescription(filepath.Join(dir, environmentFile))
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(text, &e); err != nil {
		return e, fmt.Errorf("%s is damaged (%w): restore it from a copy", filepath.Join(dir, environmentFile), err)
	}
	return e, nil
}

func writeJSON(path string, value any) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(value)
	})
}
