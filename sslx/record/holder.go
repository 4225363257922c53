package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/sslx-go/lab/internal/lockfile"
	"github.com/sslx-go/lab/internal/usage"
)

const (
	beatEvery = 15 * time.Second // between signs of life of the process that holds a run
	silence   = 8 * beatEvery    // after which a process on another host is taken for dead
)

// Holder is the process that holds a run, or the last one that died with it. The JSON keys are a stable contract.
type Holder struct {
	Host string    `json:"host"`
	PID  int       `json:"pid"`
	Seen time.Time `json:"seen"` // its last sign of life, by the clock of its host
}

// Holding says whether a process holds a run.
type Holding int

// A run is free when whoever held it gave it back, and was left behind by a process that died with it: what that one
// saved is whole, and training resumes from there. It is unknown where the lock cannot be read, such as another user's.
const (
	Free Holding = iota
	Held
	Left
	Unknown
)

// HolderOf returns the process that holds the run in dir, and whether it is still alive. The lock decides where it
// reaches, which is on this host and on file systems whose locks reach all hosts; a process of another host whose
// lock is not seen here holds the run until it gave no sign of life for two minutes.
func HolderOf(dir string) (h Holder, is Holding) {
	lock, err := lockfile.OpenShared(filepath.Join(dir, lockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return h, Free
	}
	if err != nil {
		return h, Unknown
	}
	defer func() { _ = lock.Close() }()

	text, seen, err := lock.Read()
	if err != nil || json.Unmarshal(text, &h) != nil {
		h = Holder{}
	}
	h.Seen = seen

	// The lock is taken for an instant: it is free where that succeeds.
	free, err := lock.TryRLock()
	host, _ := os.Hostname()
	switch {
	case err == nil && !free:
		return h, Held
	case h.PID == 0:
		return Holder{}, Free
	case h.Host != host && time.Since(h.Seen) < silence:
		return h, Held
	}
	return h, Left
}

// patience is how long a lock is tried: who only looks whether a run is in use holds it for an instant.
const patience = 200 * time.Millisecond

// take locks the run in dir. A run in use is a usage error.
func take(dir string) (*lockfile.Lock, error) {
	for began := time.Now(); ; time.Sleep(patience / 10) {
		lock, err := lockfile.Open(filepath.Join(dir, lockFile))
		if err != nil {
			return nil, fmt.Errorf("cannot lock run %s: %w", dir, err)
		}

		// Whoever holds the run may delete the folder: each try opens the file that is there now.
		ok, err := lock.TryLock()
		if ok {
			return lock, nil
		}
		if err := errors.Join(err, lock.Close()); err != nil {
			return nil, fmt.Errorf("cannot lock run %s: %w", dir, err)
		}

		// Who only looks at the run lets go at once; a lock that stays belongs to a process at work.
		if time.Since(began) > patience {
			h, _ := HolderOf(dir)
			return nil, usage.About("out",
				"run %s is in use by another process (%d on %s): wait for it, or choose another folder",
				dir, h.PID, h.Host)
		}
	}
}

// Check returns an error unless the folder of the run is still the one that this process holds. It is not when the
// folder was renamed or deleted: what was written under its name would go to another run.
func (r *Run) Check() error {
	current, err := r.lock.Current()
	if err != nil {
		return fmt.Errorf("run %s cannot be told from others: %w", r.dir, err)
	}

	if !current {
		return fmt.Errorf("run folder %s was moved or deleted while this process worked on it: "+
			"nothing more is saved under that name; move it back and resume it", r.dir)
	}
	return nil
}

// hold writes into the lock file who holds the run, and keeps giving signs of life until the run is given back.
func (r *Run) hold() error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	text, err := json.Marshal(Holder{Host: host, PID: os.Getpid(), Seen: time.Now().UTC()})
	if err != nil {
		return err
	}

	// The text stays as it is; later signs of life change the time of the file only.
	if err := r.lock.Write(append(text, '\n')); err != nil {
		return err
	}

	r.given = make(chan struct{})
	go r.beat()
	return nil
}

func (r *Run) beat() {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-r.given:
			return
		case now := <-tick.C:
			_ = r.lock.Touch(now) // a sign that is missed is made up for by the next one
		}
	}
}
