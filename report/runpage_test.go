package report

import (
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx/record"
)

func wholeRun(t *testing.T) Run {
	t.Helper()
	views, err := plots.ViewSheet(4, 4, nil, images(2, 4, 4))
	if err != nil {
		t.Fatal(err)
	}
	return Run{
		Name: "first", Config: "epochs: 2\n", Command: "sslx pretrain --out first", Metrics: log(),
		Results: threeModels(),
		Views:   views, Neighbors: views, NeighborTask: "factors/shape",
		Environment: record.Environment{Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), OS: "linux",
			Arch: "amd64",
			CPU:  "a processor", Cores: 2, Backend: "xla:cpu", Device: "a device", Plugin: "0.83", Go: "go1.26",
			Revision: "abc123", Modules: map[string]string{"example.org/m": "v1.2.3"}, Data: "factors",
			Fingerprint: "f00d"},
	}
}

func written(t *testing.T, r Run) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	if err := r.Write(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRun_PageShowsEveryNumberAndHowToRepeatIt(t *testing.T) {
	text := html.UnescapeString(written(t, wholeRun(t)))
	for _, want := range []string{"25.0 %", "33.5 %", "<strong>61.3 %</strong>", "<strong>42.2 %</strong>", "31.0 %",
		"40.0 %", "1000 test", "knn/cosine/k20/t0.07@encoder", "epochs: 2", "sslx pretrain --out first", "abc123",
		"f00d", "v1.2.3", "xla:cpu 0.83", "a processor, 2 cores", "2026-01-02 03:04:05 UTC",
		"the same label of factors/shape"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if n := strings.Count(text, "<img "); n != 4 {
		t.Errorf("%d pictures, want 4", n)
	}
}

func TestRun_PageSaysInWordsWhatCameOut(t *testing.T) {
	got := strings.Join(wholeRun(t).Summary(), "\n")
	want := "An encoder was trained with simclr on factors, without labels, for 2 epochs (10\u202f240 images seen) " +
		"in 3 min 20 s on a device (xla:cpu).\n" +
		"By k-nearest-neighbor accuracy on the test split (knn/cosine/k20/t0.07@encoder), simclr beats both " +
		"baselines, the raw pixels and the untrained encoder, on 1 of 2 tasks: shape (+27.8 points); it does not " +
		"on hue (−2.2 points).\n" +
		"Each accuracy is uncertain by up to ±3.1 points (95 % interval over the images tested; one seed)."
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestRun_MissingBaselineIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		floor string
		want  string
	}{
		"no pixels":    {record.ModelUntrained, "the untrained encoder (the pixels were not measured)"},
		"no untrained": {record.ModelPixels, "the raw pixels (the untrained encoder was not measured)"},
		"none":         {"byol", "no baseline was measured"},
	} {
		r := Run{Results: []record.Result{result("simclr", "t", 0.5), result(c.floor, "t", 0.4)}}
		if got := strings.Join(r.Summary(), " "); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestRun_TheMinusIsInTheNumberAndNotInTheName(t *testing.T) {
	r := Run{Results: []record.Result{result("simclr", "photos/made-gray", 0.4), result(record.ModelPixels,
		"photos/made-gray", 0.5)}}
	if got := strings.Join(r.Summary(), " "); !strings.Contains(got, "made-gray (−10.0 points)") {
		t.Errorf("got %s", got)
	}
}

func TestRun_TheStrongerUntrainedEncoderDecides(t *testing.T) {
	weak, strong := result(record.ModelUntrained, "t", 0.3), result(record.ModelUntrainedBN, "t", 0.45)
	for _, baselines := range [][]record.Result{{weak, strong}, {strong}} {
		r := Run{Results: append([]record.Result{result("simclr", "t", 0.5)}, baselines...)}
		if got := strings.Join(r.Summary(), " "); !strings.Contains(got, "the untrained encoder (the pixels were not "+
			"measured) on 1 of 1 task: t (+5.0 points)") || strings.Contains(got, record.ModelUntrainedBN) {
			t.Errorf("got %s", got)
		}
		if h, _ := HeadlineOf(r.Results, "simclr"); h.Baseline == nil || *h.Baseline != 0.45 {
			t.Errorf("the headline's baseline is %v", h.Baseline)
		}
		if header := Results(r.Results).Head[3:]; strings.Join(header, " ") != "pixels untrained untrained-bn simclr" {
			t.Errorf("columns %q", header)
		}
	}
}

func TestRun_PageLoadsNothingAndRunsNothing(t *testing.T) {
	text := written(t, wholeRun(t))
	for _, m := range regexp.MustCompile(`(?i)\b(?:src|href|action|srcset|data|poster)\s*=\s*["']?([^"'\s>]*)`).
		FindAllStringSubmatch(text, -1) {
		if !strings.HasPrefix(m[1], "data:") {
			t.Errorf("the page loads %s", m[1])
		}
	}
	foreign := regexp.MustCompile(`(?i)<script|<link rel="stylesheet|@import|url\(|https?://|\son[a-z]+=`)
	if found := foreign.FindString(text); found != "" {
		t.Errorf("the page has %q", found)
	}
}

func TestRun_PageHasTheChanceLevel(t *testing.T) {
	r := wholeRun(t)
	r.Results[0].Chance = 1. / 6
	text := written(t, r)
	for _, want := range []string{`<th scope="col" class="value">chance</th>`, `<td class="value">16.7 %</td>`,
		`accuracy of guessing`, ">chance<"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestRun_EveryPictureIsToldInWordsAndEveryHeaderHasItsScope(t *testing.T) {
	text := written(t, wholeRun(t))
	for _, tag := range regexp.MustCompile(`<img [^>]*>`).FindAllString(text, -1) {
		if !regexp.MustCompile(`alt="[^"]{20,}"`).MatchString(tag) {
			t.Errorf("a picture has no words: …%s", tag[max(0, len(tag)-60):])
		}
	}
	for _, tag := range regexp.MustCompile(`<th\b[^>]*>`).FindAllString(text, -1) {
		if !strings.Contains(tag, `scope="`) {
			t.Errorf("%s has no scope", tag)
		}
	}
}

func TestRun_PageLeavesOutWhatIsMissing(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Run)
		has    string
		lacks  string
	}{
		"no results":   {func(r *Run) { r.Results = nil }, "has not been evaluated", `<table class="results"`},
		"no metrics":   {func(r *Run) { r.Metrics = nil }, "training log is empty", "Training curve over"},
		"no views":     {func(r *Run) { r.Views = nil }, "Nearest neighbors", "<h2>Views"},
		"no neighbors": {func(r *Run) { r.Neighbors = nil }, "<h2>Views", "Nearest neighbors"},
		"no command":   {func(r *Run) { r.Command = "" }, "<h2>Configuration", "How to repeat it"},
		"nothing":      {func(r *Run) { *r = Run{} }, "has not been evaluated", "<img"},
	} {
		r := wholeRun(t)
		c.change(&r)
		text := written(t, r)
		if !strings.Contains(text, c.has) || strings.Contains(text, c.lacks) {
			t.Errorf("%s: has %q is %v, has %q is %v", name, c.has, strings.Contains(text, c.has), c.lacks,
				strings.Contains(text, c.lacks))
		}
	}
}

func TestRun_HostileNamesStayText(t *testing.T) {
	evil := `</code><script>alert("x")</script><img src=x onerror='y'>`
	r := wholeRun(t)
	r.Name, r.Config, r.Command, r.NeighborTask, r.Notes = evil, evil, evil, evil, []string{evil}
	r.Environment.Data, r.Environment.CPU, r.Environment.Modules = evil, evil, map[string]string{evil: evil}
	r.Results = append(r.Results, result(evil, evil, 0.5))
	text := written(t, r)
	if strings.Contains(text, "<script") || strings.Contains(text, "<img src=x") {
		t.Error("a name became markup")
	}
	f, err := ResultsFigure(r.Results)
	if err != nil {
		t.Fatal(err)
	}
	if svg, err := f.SVG(); err != nil || strings.Contains(string(svg), "<script") {
		t.Errorf("a name became markup in the figure (%v)", err)
	}
}

func TestRun_PageOfUnlabeledImagesExplainsItsTasksAndData(t *testing.T) {
	r := wholeRun(t)
	explained := "what was done to an image"
	if text := written(t, r); strings.Contains(text, explained) || strings.Contains(text, "<h2>Data</h2>") {
		t.Error("labeled images are said to have made tasks, or notes that they have not")
	}
	r.Results = []record.Result{result("simclr", "photos/made-gray", 0.5)}
	r.Notes = []string{"44 of 300 images were turned upright"}
	text := written(t, r)
	if !strings.Contains(text, explained) || !strings.Contains(text, "<li>44 of 300 images were turned upright</li>") {
		t.Error("the page lacks the tasks or the notes")
	}
}

func TestRun_SameRecordsGiveTheSamePage(t *testing.T) {
	if written(t, wholeRun(t)) != written(t, wholeRun(t)) {
		t.Error("two reports of the same records differ")
	}
}
