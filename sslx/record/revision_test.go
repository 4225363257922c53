package record

import (
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"
)

func TestRevision_IsOfSslxInProgramsOfOtherModulesToo(t *testing.T) {
	t.Chdir(t.TempDir()) // where no checkout is found
	stamp := []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}}
	lab := &debug.Module{Path: modulePath, Version: "v0.2.0"}
	replaced := &debug.Module{Path: modulePath, Version: "v0.0.0",
		Replace: &debug.Module{Path: "../lab", Version: "(devel)"}}
	forked := &debug.Module{Path: modulePath, Version: "v0.0.0",
		Replace: &debug.Module{Path: "example.com/fork", Version: "v0.3.0"}}
	const unstamped = "example.com/own (built without version control information)"
	for _, c := range []struct {
		name                      string
		info                      debug.BuildInfo
		revision, version, source string
	}{
		{"the module's own program", debug.BuildInfo{Main: debug.Module{Path: modulePath, Version: "v0.2.0"},
			Settings: stamp}, "abc+dirty", "v0.2.0", "abc+dirty"},
		{"the module's own program without a stamp", debug.BuildInfo{Main: debug.Module{Path: modulePath}}, "unknown",
			"(devel)", "built without version control information"},
		{"a program of another module", debug.BuildInfo{Main: debug.Module{Path: "example.com/own", Version: "v9.0.0"},
			Settings: stamp, Deps: []*debug.Module{lab}}, "v0.2.0", "v0.2.0", "example.com/own v9.0.0, sslx v0.2.0"},
		{"a checkout in a program of another module", debug.BuildInfo{Main: debug.Module{Path: "example.com/own",
			Version: "v9.0.0"}, Settings: stamp, Deps: []*debug.Module{replaced}}, "unknown", "(devel)",
			"example.com/own v9.0.0, sslx of unknown revision"},
		{"a fork in a program of another module", debug.BuildInfo{Main: debug.Module{Path: "example.com/own",
			Version: "(devel)"}, Deps: []*debug.Module{forked}}, "example.com/fork@v0.3.0", "(devel)",
			unstamped + ", sslx example.com/fork@v0.3.0"},
	} {
		if got := revision(&c.info); got != c.revision {
			t.Errorf("%s: revision %q, want %q", c.name, got, c.revision)
		}
		e := Environment{Revision: revision(&c.info), Program: program(&c.info)}
		if got := e.Source(); got != c.source {
			t.Errorf("%s: source %q, want %q", c.name, got, c.source)
		}
		if got := Version(&c.info); got != c.version {
			t.Errorf("%s: version %q, want %q", c.name, got, c.version)
		}
	}
}

func TestCheckout_IsDirtyByChangedSourcesNotByRecords(t *testing.T) {
	dir := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(dir, path)
		err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644))
		if err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) string {
		t.Helper()
		out, err := git(dir, append([]string{"-c", "user.name=a", "-c", "user.email=a@b"}, args...)...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	write("go.mod", "module "+modulePath+"\n")
	write("a.go", "package a\n")
	write("experiments/results/claims/cpu.jsonl", "")
	run("init", "-q")
	run("add", "-A")
	run("commit", "-qm", "first")
	head := run("rev-parse", "HEAD")

	for _, change := range []struct{ path, want string }{
		{"notes.txt", head}, {"experiments/results/claims/cpu.jsonl", head}, {"a.go", head + "+dirty"},
	} {
		write(change.path, "// changed\n")
		if got := checkout(dir); got != change.want {
			t.Errorf("after a change of %s: %s, want %s", change.path, got, change.want)
		}
	}
}
