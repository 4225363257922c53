package lockfile

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func opened(t *testing.T, path string) *Lock {
	t.Helper()
	l, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestOpen_FollowsNoLinkAndTakesRegularFilesOnly(t *testing.T) {
	dir := t.TempDir()
	diary := filepath.Join(dir, "diary")
	if err := os.WriteFile(diary, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, make := range map[string]func(path string) error{
		"a link":          func(path string) error { return os.Symlink(diary, path) },
		"a dangling link": func(path string) error { return os.Symlink(filepath.Join(dir, "new"), path) },
		"a pipe":          func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a folder":        func(path string) error { return os.Mkdir(path, 0o700) },
	} {
		path := filepath.Join(dir, name)
		if err := make(path); err != nil {
			t.Fatal(err)
		}
		for _, open := range []func(string) (*Lock, error){Open, OpenShared} {
			if l, err := open(path); err == nil {
				_ = l.Close()
				t.Errorf("%s is opened", name)
			}
		}
	}
	if text, err := os.ReadFile(diary); err != nil || string(text) != "mine" {
		t.Errorf("the file behind the link is %q (%v)", text, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "new")); err == nil {
		t.Error("a file was made behind the dangling link")
	}
}

func TestTryLock_OneAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	a, b := opened(t, path), opened(t, path)
	if ok, err := a.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if ok, err := b.TryLock(); ok || err != nil {
		t.Errorf("locked twice: %v (%v)", ok, err)
	}
	if ok, err := b.TryRLock(); ok || err != nil {
		t.Errorf("shared while locked: %v (%v)", ok, err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if ok, err := b.TryLock(); !ok || err != nil {
		t.Errorf("given up: %v (%v)", ok, err)
	}
}

// Whoever waits for a lock file that is then deleted gets a lock that protects nothing.
func TestTryLock_OfADeletedFileIsNotTheLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, waiting := opened(t, path), opened(t, path)
	if ok, err := first.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_ = first.Close()
	third := opened(t, path)
	if ok, err := third.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if ok, err := waiting.TryLock(); ok || err != nil {
		t.Errorf("two hold the lock (%v)", err)
	}
}

func TestLock_IsWrittenThroughItsDescriptor(t *testing.T) {
	dir := t.TempDir()
	path, moved := filepath.Join(dir, "lock"), filepath.Join(dir, "moved")
	l := opened(t, path)
	if err := os.Rename(path, moved); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("another's"), 0o600); err != nil {
		t.Fatal(err)
	}
	then := time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := l.Write([]byte("mine")); err != nil {
		t.Fatal(err)
	}
	if err := l.Touch(then); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "another's" {
		t.Errorf("the file at the path is %q (%v)", text, err)
	}
	if text, at, err := l.Read(); err != nil || string(text) != "mine" || !at.Equal(then) {
		t.Errorf("the lock reads %q of %v (%v)", text, at, err)
	}
	if current, err := l.Current(); current || err != nil {
		t.Errorf("a moved lock is current (%v)", err)
	}
}

func TestOpen_PermissionsAreThoseOfTheUmask(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o002))
	path := filepath.Join(t.TempDir(), "lock")
	opened(t, path)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o664 {
		t.Errorf("%v (%v)", info.Mode(), err)
	}
}
