package record

import (
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
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
// saved is whole, and training goes on from there.
const (
	Free Holding = iota
	Held
	Left
)

// HolderOf returns who holds the run in dir, and whether he does. The lock decides where it reaches, which is on this host
// and on file systems whose locks are those of all hosts; a process of another host whose lock is not seen here holds the
// run until it gave no sign of life for two minutes.
func HolderOf(dir string) (h Holder, is Holding) {
	path := filepath.Join(dir, lockFile)
	info, err := os.Stat(path)
	if err != nil {
		return h, Free
	}
	text, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(text, &h) != nil {
		h = Holder{}
	}
	h.Seen = info.ModTime()
	host, _ := os.Hostname()
	switch {
	case lockedByAnother(path):
		return h, Held
	case h.PID == 0:
		return Holder{}, Free
	case h.Host != host && time.Since(h.Seen) < silence:
		return h, Held
	}
	return h, Left
}

// lockedByAnother looks through a shared lock, held for an instant.
func lockedByAnother(path string) bool {
	lock := flock.New(path, flock.SetFlag(os.O_RDONLY))
	free, err := lock.TryRLock()
	_ = lock.Close()
	return err == nil && !free
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
	if err := os.WriteFile(r.path(lockFile), append(text, '\n'), 0o644); err != nil {
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
			_ = os.Chtimes(r.path(lockFile), now, now) // a sign that is missed is made up for by the next one
		}
	}
}
