package command

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/dataset"
)

func TestData_ImportsListsAndVerifiesAFolder(t *testing.T) {
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
		if v := decode[[]verdict](t, stdout); status != statusDone || len(v) != 1 || !v[0].OK ||
			v[0].Pack != report.Pack {
			t.Errorf("verify %q: status %d, %s", name, status, stdout)
		}
	}
}

func TestDataShow_PrintsTheFingerprintThatRecordsHave(t *testing.T) {
	isolate(t)
	imageFolder(t, "photos")
	_, stdout, _ := call(t, "data", "import", "photos", "--json")
	print := decode[dataset.Report](t, stdout).Fingerprint
	if len(print) != 64 {
		t.Fatalf("the fingerprint is %q", print)
	}
	for _, line := range []string{"data import photos", "data show photos"} {
		_, stdout, _ := call(t, strings.Fields(line)...)
		wantTexts(t, stdout, "fingerprint", print)
	}
}

func TestDataShow_PacksASetThatCanBeNamed(t *testing.T) {
	isolate(t)
	imageFolder(t, "sets/photos")
	sets, err := filepath.Abs("sets")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSLX_DATA", sets)
	for line, want := range map[string]string{
		"data verify photos": "photos is not packed yet: `sslx data import photos` packs it",
		"data show cifar10":  "cifar10 is not packed yet: `sslx data get cifar10` downloads it",
		"data show absent":   `there is no packed data set "absent"`,
	} {
		status, _, stderr := call(t, strings.Fields(line)...)
		if status != statusUsage {
			t.Errorf("%s: status %d", line, status)
		}
		wantTexts(t, stderr, want)
	}

	// As the advice says, and without it.
	for _, line := range []string{"data show photos", "data import photos", "data verify photos"} {
		status, stdout, stderr := call(t, strings.Fields(line)...)
		if status != statusDone || !strings.Contains(stdout, "photos") {
			t.Errorf("%s: %s %s", line, stdout, stderr)
		}
	}
}

func TestDataVerify_FindsDamageAndExitsWith1(t *testing.T) {
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

// Many microscopes store 12 bits in 16.
func TestDataImport_SaysThatDeepImagesUseLittleOfTheirRange(t *testing.T) {
	isolate(t)
	for _, class := range []string{"a", "b"} {
		img := image.NewGray16(image.Rect(0, 0, 4, 4))
		img.SetGray16(1, 1, color.Gray16{Y: 4095})
		var file bytes.Buffer
		if err := png.Encode(&file, img); err != nil {
			t.Fatal(err)
		}
		writeFile(t, "cells/"+class+"/1.png", file.String())
	}
	const note = "less than a quarter of the range"
	_, stdout, _ := call(t, "data", "import", "cells")
	wantTexts(t, stdout, note, "sample range 12")
	for _, choice := range []string{"12", "full"} {
		_, stdout, _ := call(t, "data", "import", "cells", "--sample-range", choice)
		if strings.Contains(stdout, note) {
			t.Errorf("range %s: %s", choice, stdout)
		}
	}
}

func TestDataImport_NamesABadImageAndSkipBadCountsIt(t *testing.T) {
	isolate(t)
	imageFolder(t, "photos")
	writeFile(t, "photos/cat/2.png", "no image")
	status, stdout, stderr := call(t, "data", "import", "photos")
	if status != statusFailed || stdout != "" {
		t.Errorf("status %d, stdout %q", status, stdout)
	}
	wantTexts(t, stderr, "cat/2.png", "or skip bad images (--skip-bad)")

	// A command without the flag does not name it, and takes what was imported with it.
	status, _, stderr = call(t, "data", "views", "--data", "photos", "--out", "v.png")
	if status != statusFailed || strings.Contains(stderr, "--skip-bad") {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
	status, stdout, stderr = call(t, "data", "import", "photos", "--skip-bad")
	if status != statusDone {
		t.Errorf("status %d", status)
	}
	wantTexts(t, stdout, "1 bad image")
	wantTexts(t, stderr, "left out cat/2.png")
}

func TestDataGet_SaysWhatToDoByHandWithoutTheGoCommand(t *testing.T) {
	isolate(t)
	t.Setenv("PATH", t.TempDir())
	status, stdout, stderr := call(t, "data", "get", "mnist")
	if status != statusFailed || stdout != "" {
		t.Errorf("status %d, stdout %q", status, stdout)
	}
	wantTexts(t, stderr, "executable file not found", "by hand", "import it under the name mnist")
}

func TestDataGet_ExitsWith2ForAnUnknownSet(t *testing.T) {
	isolate(t)
	status, stdout, stderr := call(t, "data", "get", "mnits")
	if status != statusUsage || stdout != "" {
		t.Errorf("status %d, stdout %q", status, stdout)
	}
	wantTexts(t, stderr, `did you mean "mnist"?`)
}

func TestDataList_HasEveryKnownSet(t *testing.T) {
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

func TestDataViews_DrawsASheet(t *testing.T) {
	isolate(t)
	imageFolder(t, "photos")
	config := "data: photos\nviews: [{flip: 0.5}, {flip: 0.5}, {flip: 0.5}]\n"
	if err := os.WriteFile("own.yaml", []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}

	// 4 pixels become 96: 3 + 96, 18 + 96 + 6 + 172 for each view, and 3; 3 + 18, and three lines of 96 or more.
	for what, width := range map[string]int{"--data photos": 686, "--config own.yaml": 978} {
		args := slices.Concat([]string{"data", "views", "--count", "3", "--out", "s.png"}, strings.Fields(what))
		status, stdout, stderr := call(t, args...)
		if status != statusDone || stdout != "s.png\n" {
			t.Fatalf("%s: status %d, stdout %q, stderr %q", what, status, stdout, stderr)
		}
		text, err := os.ReadFile("s.png")
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if size := picture.Bounds().Size(); size.X != width || size.Y < 3+18+3*96 {
			t.Errorf("%s: the sheet is %v", what, size)
		}
	}
}

func TestDataViews_DrawsTheViewsOfTrainingByDefault(t *testing.T) {
	c, err := viewsFlags{data: "photos"}.training()
	if err != nil || !reflect.DeepEqual(c.Views, sslx.Default().Views) || c.Data != "photos" {
		t.Errorf("%s: %+v (%v)", c.Data, c.Views, err)
	}
}

func TestDataViews_WrongUsageExitsWith2(t *testing.T) {
	isolate(t)
	for args, says := range map[string]string{
		"data views": "data views needs --out SHEET.png",
		"data views --preset simclr-cifra --out s.png":              `did you mean "simclr-cifar"?`,
		"data views --preset paper --config quickstart --out s.png": "--config has views and --preset names others",
		"data views --config absent.yaml --out s.png":               "absent.yaml",
		"data views --count 0 --out s.png":                          "--count is 0: it must be from 1 to 256",
		"data views --data absent --out s.png":                      `there is no data set "absent"`,
		"data views --seed -1 --out s.png":                          `--seed is "-1"`,
		"data views --out s.png --preset paper extra":               `"extra" is one argument too many`,
		"data view --out s.png":                                     `did you mean "views"?`,
		"data views --out s.png --presets simclr-cifar":             "did you mean --preset?",
	} {
		status, stdout, stderr := call(t, strings.Fields(args)...)
		if status != statusUsage || stdout != "" || !strings.Contains(stderr, says) {
			t.Errorf("%s: status %d, stdout %q, stderr %q; want 2 and %q", args, status, stdout, stderr, says)
		}
	}
}

func TestData_AMissingSetNamesTheCommandThatFetchesIt(t *testing.T) {
	isolate(t)
	status, _, stderr := call(t, "data", "views", "--data", "cifar10", "--out", "v.png")
	if status != statusUsage {
		t.Errorf("status %d", status)
	}
	wantTexts(t, stderr, "download it (`sslx data get cifar10`)")
}

func TestDataImport_SaysThatTheNameMeantAnotherSource(t *testing.T) {
	isolate(t)
	imageFolder(t, "a/images")
	imageFolder(t, "b/images")
	for _, project := range []string{"a", "b"} {
		status, stdout, stderr := call(t, "data", "import", project+"/images")
		if status != statusDone {
			t.Errorf("status %d, stderr %q", status, stderr)
		}
		if says := strings.Contains(stdout, "until now it meant"); says != (project == "b") {
			t.Errorf("import of %s/images: %s", project, stdout)
		}
	}
}
