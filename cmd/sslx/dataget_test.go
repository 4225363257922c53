package main

import (
	"testing"

	"github.com/sslx-go/lab/sslx/dataset"
)

func TestDataGetWithoutTheGoCommandSaysWhatToDoByHand(t *testing.T) {
	isolate(t)
	t.Setenv("PATH", t.TempDir())
	status, stdout, stderr := call(t, "data", "get", "mnist")
	if status != statusFailed || stdout != "" {
		t.Errorf("status %d, stdout %q", status, stdout)
	}
	wantTexts(t, stderr, "executable file not found", "by hand", "`sslx data import FOLDER --name mnist`")
}

func TestDataGetOfAnUnknownSetExitsWith2(t *testing.T) {
	isolate(t)
	status, stdout, stderr := call(t, "data", "get", "mnits")
	if status != statusUsage || stdout != "" {
		t.Errorf("status %d, stdout %q", status, stdout)
	}
	wantTexts(t, stderr, `did you mean "mnist"?`)
}

func TestEveryKnownSetIsListed(t *testing.T) {
	isolate(t)
	_, stdout, _ := call(t, "data", "list", "--json")
	state := map[string]string{}
	for _, l := range decode[[]dataset.Listing](t, stdout) {
		state[l.Name] = l.State
	}
	for _, name := range []string{"cifar10", "cifar100", "mnist"} {
		if state[name] != dataset.StateDownload {
			t.Errorf("%s is %q", name, state[name])
		}
	}
	if s := state["fashion-mnist"]; s != dataset.StateDownload && s != dataset.StateSource { // where it is installed
		t.Errorf("fashion-mnist is %q", s)
	}
}
