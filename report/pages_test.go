package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/internal/testrecords"
)

const claimPages = "../docs/claims"

// committed returns the records of the claims in the repository at the scale of the pages.
func committed(t *testing.T) experiments.Records {
	t.Helper()
	r, err := experiments.Store{Path: filepath.Join(recordsDir, "claims", string(experiments.CPU)+".jsonl")}.Read()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTheClaimPagesAndTheREADMEShowWhatTheRecordsSay(t *testing.T) {
	r := committed(t)
	for _, c := range experiments.Claims() {
		mended(t, filepath.Join(claimPages, c.ID+".md"), "<!-- claim:"+c.ID+" -->", "<!-- end of claim -->", claimBlock(t, c, r))
	}
	table, err := claimsMarkdown(experiments.CPU, r)
	if err != nil {
		t.Fatal(err)
	}
	mended(t, readme, "<!-- claims -->", "<!-- end of claims -->", table)
}

// claimBlock is what a page says of the plans and the records of its claim.
func claimBlock(t *testing.T, c experiments.Claim, r experiments.Records) string {
	t.Helper()
	text, err := ClaimMarkdown(c, experiments.CPU, r)
	if err != nil {
		t.Fatal(err)
	}
	figure, err := experiments.Figure(c, experiments.CPU, r)
	if err != nil {
		t.Fatal(err)
	}
	if figure != nil {
		name := "claim-" + c.ID + ".png"
		text += fmt.Sprintf("\n![%s](../figures/%s)\n", figure.Alt, name)
		path := filepath.Join(figuresDir, name)
		if *update {
			if err := figure.Save(path); err != nil {
				t.Fatal(err)
			}
		} else if _, err := os.Stat(path); err != nil {
			t.Errorf("%v: run go test ./report -update", err)
		}
	}
	return Plans(c).Markdown() + "\n" + text
}

// between puts text between the marks of a page; it is not ok where the page lacks them.
func between(page, start, end, text string) (fresh string, ok bool) {
	before, rest, found := strings.Cut(page, start)
	_, after, closed := strings.Cut(rest, end)
	return before + start + "\n" + text + end + after, found && closed
}

// mended puts text between the marks of a file, with -update, and otherwise fails where it is another.
func mended(t *testing.T, path, start, end, text string) {
	t.Helper()
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fresh, ok := between(string(old), start, end, text)
	switch {
	case !ok:
		t.Errorf("%s has no block %s", path, start)
	case fresh == string(old):
	case !*update:
		t.Errorf("%s differs from the records: run go test ./report -update, and look at the difference", path)
	default:
		if err := os.WriteFile(path, []byte(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestATableThatDriftsFromItsRecordsIsSeen(t *testing.T) {
	all := testrecords.Invent(t, experiments.Smoke, named(t, "minibatch"))
	table, err := claimsMarkdown(experiments.Smoke, all, named(t, "minibatch"))
	if err != nil {
		t.Fatal(err)
	}
	page, _ := between("a <!-- x --> old <!-- y --> z", "<!-- x -->", "<!-- y -->", table)
	if again, ok := between(page, "<!-- x -->", "<!-- y -->", table); !ok || again != page {
		t.Error("the same records give another page")
	}
	for _, known := range all {
		for i := range known.Results {
			if known.Config.Batch == 64 && !known.Validation {
				known.Results[i].Value += 0.1
			}
		}
	}
	other, err := claimsMarkdown(experiments.Smoke, all, named(t, "minibatch"))
	if err != nil {
		t.Fatal(err)
	}
	if changed, _ := between(page, "<!-- x -->", "<!-- y -->", other); changed == page {
		t.Error("a changed record is not seen")
	}
	if _, ok := between("no marks", "<!-- x -->", "<!-- y -->", table); ok {
		t.Error("a page without marks is not seen")
	}
}

func claimsMarkdown(s experiments.Scale, r experiments.Records, claims ...experiments.Claim) (string, error) {
	t, err := Claims(s, r, claims...)
	return t.Markdown(), err
}
