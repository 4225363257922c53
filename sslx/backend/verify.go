package backend

import (
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/sslx-go/lab/internal/atomicfile"
)

// checkLibrary wraps errDamaged when a file is not a whole ELF library: loading a truncated one would end the process
// with a bus error. Other systems than Linux check while they load.
func checkLibrary(path string) error {
	if runtime.GOOS != "linux" {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}

	file, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("%w (%v)", errDamaged, err)
	}
	defer func() { _ = file.Close() }()

	// The loader maps every segment: a missing one is the bus error.
	for _, p := range file.Progs {
		if end := p.Off + p.Filesz; end > uint64(info.Size()) {
			return fmt.Errorf("%w (%d bytes, %d expected)", errDamaged, info.Size(), end)
		}
	}
	return nil
}

// protected returns an error when everybody can write to the file (or folder) at path, or can put another one in its
// place: a plugin runs with the rights of whoever loads it.
func protected(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		return err
	}

	for at := real; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return err
		}
		// Above the plugin's own folder, a sticky one such as /tmp is safe: others cannot rename what is below it.
		open := info.Mode().Perm()&0o002 != 0
		above := at != real && at != filepath.Dir(real)
		if open && !(above && info.Mode()&os.ModeSticky != 0) {
			return fmt.Errorf("everybody can write to %s: take that right away (chmod o-w), or use another folder", at)
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

// pinnedFor returns the checksums that a plugin may have by the name of its file, none where it can be any. The names
// with a version are those of go-xla's installer, whose releases have no checksum.
func pinnedFor(path string) (sums []string) {
	switch filepath.Base(path) {
	case pluginFile(cpu):
		if p := pins[platform()].library; p != "" {
			sums = append(sums, p)
		}
	case pluginFile(cuda):
		for _, p := range cudaPins {
			sums = append(sums, p.library)
		}
	}
	return sums
}

// seen is what is remembered of a plugin, in the cache folder.
type seen struct {
	Path  string    `json:"path"`
	Size  int64     `json:"size"`
	Time  time.Time `json:"time"`
	Inode uint64    `json:"inode"`
	Sum   string    `json:"sha256"`
	// Release is set on a plugin of go-xla's releases that Install put there: no checksum is pinned for it.
	Release bool `json:"release,omitempty"`
}

// same reports whether the file that was seen is still the same.
func (s seen) same(o seen) bool {
	return s.Path == o.Path && s.Size == o.Size && s.Time.Equal(o.Time) && s.Inode == o.Inode
}

// checkSum wraps errDamaged unless a file has one of the checksums, or is a release that Install put there. A file is
// not read again until its size, its time or its inode changes.
func checkSum(path string, pinned []string) error {
	if len(pinned) == 0 {
		return nil
	}
	now, memory, err := look(path)
	if err != nil {
		return err
	}

	// Reading hundreds of megabytes at each start would take seconds.
	known := recall(memory)
	if !known.same(now) {
		if now.Sum, err = sumOf(path); err != nil {
			return err
		}

		// A copy or a touch does not turn a release into a damaged file.
		now.Release = known.Release && known.Sum == now.Sum
		known = now
		remember(memory, known)
	}

	if known.Release || slices.Contains(pinned, known.Sum) {
		return nil
	}
	return fmt.Errorf("%w (sha256 %s is not that of the pinned version)", errDamaged, known.Sum)
}

// rememberRelease notes that Install put a release without a pinned checksum there.
func rememberRelease(path string) error {
	now, memory, err := look(path)
	if err != nil {
		return err
	}
	if now.Sum, err = sumOf(path); err != nil {
		return err
	}
	now.Release = true
	remember(memory, now)
	return nil
}

// look returns what a file is now, without its checksum, and where it is remembered: "" where there is no cache folder.
func look(path string) (now seen, memory string, err error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return now, "", err
	}
	info, err := os.Stat(real)
	if err != nil {
		return now, "", err
	}

	now = seen{Path: real, Size: info.Size(), Time: info.ModTime(), Inode: inode(info)}

	// Named by a hash, because a path is no file name.
	if cache, err := cacheFolder(); err == nil {
		key := sha256.Sum256([]byte(real))
		memory = filepath.Join(cache, "plugins", hex.EncodeToString(key[:8])+".json")
	}
	return now, memory, nil
}

func recall(memory string) (s seen) {
	text, err := os.ReadFile(memory)
	if err != nil || json.Unmarshal(text, &s) != nil {
		return seen{}
	}
	return s
}

// remember writes what was seen; where it cannot, the file is read again next time.
func remember(memory string, s seen) {
	if memory == "" || os.MkdirAll(filepath.Dir(memory), 0o755) != nil {
		return
	}
	_ = atomicfile.Write(memory, func(w io.Writer) error { return json.NewEncoder(w).Encode(s) })
}

// sumOf returns the sha256 of a file, in hex.
func sumOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
