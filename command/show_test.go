package command

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/dataset"
)

func TestDataShow_HasTheNotesOfTheImport(t *testing.T) {
	isolate(t)
	imageFolder(t, "photos")
	writeFile(t, "photos/list.doc", "x")
	if status, _, stderr := call(t, "data", "import", "photos", "--hold-out", "0.5"); status != statusDone {
		t.Fatal(stderr)
	}
	_, stdout, _ := call(t, "data", "show", "photos")
	wantTexts(t, stdout, "photos (image folder)", "train 2, test 2", "class (2): cat, dog", "hold-out 0.5", "1 .doc",
		"2 of 4 images were cut from train")
	_, stdout, _ = call(t, "data", "show", "photos", "--json")
	l := decode[[]dataset.Listing](t, stdout)
	if len(l) != 1 || len(l[0].Notes) != 2 || l[0].Choices != "hold-out 0.5" {
		t.Errorf("%s", stdout)
	}
	status, _, stderr := call(t, "data", "show", "potos")
	if status != statusUsage {
		t.Errorf("status %d", status)
	}
	wantTexts(t, stderr, `did you mean "photos"?`)
}

func TestClaimsShow_HasTheCueTestWhereThereIsOne(t *testing.T) {
	cue := 0.523
	for _, measured := range []*float64{&cue, nil} {
		var text strings.Builder
		a := app{stdout: &text}
		r := experiments.Record{Key: "4f1c", Config: sslx.Default(), Cue: measured}
		if err := a.printRecord(r, "", ""); err != nil {
			t.Fatal(err)
		}
		if has := strings.Contains(text.String(), "from anchors in 52.3 %"); has != (measured != nil) {
			t.Errorf("measured: %v, shown: %v", measured != nil, has)
		}
	}
}

func TestClaimsShow_SaysHowToRepeatARunToTheLastBit(t *testing.T) {
	for cores, want := range map[int]string{1: "taskset -c 0 ", 2: "taskset -c 0-1 "} {
		var text strings.Builder
		a := app{stdout: &text}
		r := experiments.Record{Key: "4f1c", Config: sslx.Default()}
		r.Environment.Revision, r.Environment.Cores, r.Environment.Fingerprint = "3329e93+dirty", cores, "4dc6ed1e"
		r.Environment.Data = "cifar10"
		if err := a.printRecord(r, "sslx claims show 4f1c", "seed: 7"); err != nil {
			t.Fatal(err)
		}
		wantTexts(t, text.String(), "fingerprint 4dc6ed1e", "seed: 7", "sslx claims show 4f1c --yaml > repeat.yaml",
			"data show cifar10",
			"git checkout 3329e93 &&", want+"sslx pretrain ",
			want+"sslx evaluate ")
	}
}

// evaluate refuses the layers of baselines, which some records have.
func TestClaimsShow_PrintsLayersThatEvaluateKnows(t *testing.T) {
	records, err := experiments.Store{Path: filepath.Join("..", experiments.RecordsFolder, "cpu.jsonl")}.Read()
	if err != nil || len(records) == 0 {
		t.Fatalf("%d records: %v", len(records), err)
	}
	for key, r := range records {
		if text := repeatText(r, ""); strings.Contains(text, "pixels") {
			t.Errorf("%s: %s", key, text)
		}
	}
}

func TestClaimsShow_PrintsAConfigurationThatPretrainTakes(t *testing.T) {
	folder, err := filepath.Abs(filepath.Join("..", experiments.RecordsFolder))
	if err != nil {
		t.Fatal(err)
	}
	records, err := experiments.Store{Path: filepath.Join(folder, "cpu.jsonl")}.Read()
	if err != nil {
		t.Fatal(err)
	}
	isolate(t)
	for key, r := range records {
		_, text, _ := call(t, "claims", "show", key, "--scale", "cpu", "--records", folder, "--yaml")
		writeFile(t, "repeat.yaml", text)
		c, err := sslx.ReadConfig("repeat.yaml", nil)
		if err != nil || c.Seed != r.Config.Seed || !reflect.DeepEqual(c.Optimizer, r.Config.Optimizer) {
			t.Errorf("%s: %v\n%s", key, err, text)
		}
		break // one stands for all
	}
}

func TestClaims_WithoutRecordsSayWhereTheyWereSought(t *testing.T) {
	isolate(t)
	status, stdout, stderr := call(t, "claims", "report", "negatives", "--scale", "cpu")
	if status != statusDone {
		t.Errorf("status %d", status)
	}
	wantTexts(t, stderr, "there are no records in runs/claims/cpu.jsonl", "--records")
	wantTexts(t, stdout, "no records yet")

	status, _, stderr = call(t, "claims", "show", "4f1c", "--scale", "cpu")
	if status != statusUsage {
		t.Errorf("status %d", status)
	}
	wantTexts(t, stderr, "there are no records in runs/claims/cpu.jsonl", "--records")

	// In a clone, the scale is what is missing.
	if err := os.MkdirAll(experiments.RecordsFolder, 0o755); err != nil {
		t.Fatal(err)
	}
	_, _, stderr = call(t, "claims", "show", "4f1c")
	wantTexts(t, stderr, "there are no records in runs/claims/smoke.jsonl", "those of this clone are of --scale cpu")
}
