package main

import (
	"os"
	"strings"
	"testing"

	"github.com/sslx-go/lab/sslx/dataset"
)

func TestAFolderIsImportedListedAndVerified(t *testing.T) {
	isolate(t)
	imageFolder(t, "photos")
	status, stdout, stderr := call(t, "data", "import", "photos", "--json")
	report := decode[dataset.Report](t, stdout)
	if status != statusDone || report.Name != "photos" || report.Splits[0].N != 4 {
		t.Fatalf("status %d, report %+v, stderr %q", status, report, stderr)
	}
	_, stdout, _ = call(t, "data", "list", "--json")
	if sets := decode[[]dataset.Listing](t, stdout); sets[0].Name != "photos" || sets[0].State != dataset.StatePacked {
		t.Errorf("list is %s", stdout)
	}
	_, stdout, _ = call(t, "data", "list")
	wantTexts(t, stdout, "photos", "train 4", "class (2)")
	for _, name := range []string{"", "photos", report.Pack} {
		status, stdout, _ = call(t, strings.Fields("data verify --json "+name)...)
		if v := decode[[]verdict](t, stdout); status != statusDone || len(v) != 1 || !v[0].OK || v[0].Pack != report.Pack {
			t.Errorf("verify %q: status %d, %s", name, status, stdout)
		}
	}
}

func TestDamageIsFoundAndExitsWith1(t *testing.T) {
	isolate(t)
	imageFolder(t, "photos")
	_, stdout, _ := call(t, "data", "import", "photos", "--json")
	pack := decode[dataset.Report](t, stdout).Pack
	file, err := os.ReadFile(pack)
	if err != nil {
		t.Fatal(err)
	}
	file[len(file)-1] ^= 1 // a pixel
	writeFile(t, pack, string(file))
	status, stdout, stderr := call(t, "data", "verify", "photos")
	if status != statusFailed {
		t.Errorf("status %d", status)
	}
	wantTexts(t, stdout, "damaged")
	wantTexts(t, stderr, "1 of 1 packs are damaged")
	writeFile(t, pack, "x"+string(file[1:])) // the header cannot be read: the name is known from the file's only
	if status, _, stderr = call(t, "data", "verify", "photos"); status != statusFailed {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
}

func TestABadImageIsNamedAndSkipBadCountsIt(t *testing.T) {
	isolate(t)
	imageFolder(t, "photos")
	writeFile(t, "photos/cat/2.png", "no image")
	status, stdout, stderr := call(t, "data", "import", "photos")
	if status != statusFailed || stdout != "" || !strings.Contains(stderr, "cat/2.png") {
		t.Errorf("status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
	status, stdout, stderr = call(t, "data", "import", "photos", "--skip-bad")
	if status != statusDone {
		t.Errorf("status %d", status)
	}
	wantTexts(t, stdout, "1 bad image")
	wantTexts(t, stderr, "left out cat/2.png")
}
