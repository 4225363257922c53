package plots

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/record"
)

func TestTheResultsFigureShowsEachNumberAndItsProtocol(t *testing.T) {
	f, err := ResultsFigure(threeModels(), map[string]float64{"factors/shape": 1. / 6})
	if err != nil {
		t.Fatal(err)
	}
	svg, err := f.SVG()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{">25.0<", ">33.5<", ">61.3<", ">42.2<", ">31.0<", ">40.0<", ">shape<", ">hue<",
		">pixels<", ">untrained<", ">simclr<", ">chance<",
		"factors test accuracy (%) · knn/cosine/k20/t0.07@encoder · n = 1000 images"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("the figure lacks %s", want)
		}
	}
	want := "Bar chart of test accuracy by knn/cosine/k20/t0.07@encoder. factors/shape: pixels 25.0 %, untrained 33.5 %" +
		", simclr 61.3 %. factors/hue: pixels 42.2 %, untrained 31.0 %, simclr 40.0 %."
	if f.Alt != want {
		t.Errorf("got  %s\nwant %s", f.Alt, want)
	}
}

func TestTheFigurePrefersKNNOnTestAtTheEncoder(t *testing.T) {
	linear, layer, val := result("m", "t", 0.1), result("m", "t", 0.2), result("m", "t", 0.3)
	linear.Protocol, val.Split = record.ParseProtocol("linear/lbfgs/l2-val@encoder"), "val"
	layer.Protocol = record.ParseProtocol("knn/cosine/k20/t0.07@projector1")
	rows := compare([]record.Result{val, linear, layer, result("m", "t", 0.4), result("m", "u", 0.5)}).main()
	if len(rows) != 2 || rows[0].models["m"].mean() != 0.4 || rows[1].models["m"].mean() != 0.5 {
		t.Errorf("the figure shows %d rows, the first of %v", len(rows), rows[0].rowKey)
	}
}

func TestAFigureOfNoAccuracyIsAUsageError(t *testing.T) {
	other := result("m", "t", 12)
	other.Metric = "rankme"
	for _, results := range [][]record.Result{nil, {other}} {
		if _, err := ResultsFigure(results, nil); !usage.Is(err) {
			t.Errorf("%d results: got %v", len(results), err)
		}
	}
}

func TestAFigureIsSavedAsItsNameSays(t *testing.T) {
	f, err := ResultsFigure(threeModels(), nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"a.png", "b.svg"} {
		if err := f.Save(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	drawing, err := os.ReadFile(filepath.Join(dir, "a.png"))
	if err != nil {
		t.Fatal(err)
	}
	config, err := png.DecodeConfig(bytes.NewReader(drawing))
	// 640 points at 192 dots an inch; a point is 1/72 inch.
	if wide := 1707; err != nil || config.Width != wide {
		t.Errorf("the PNG is %d pixels wide (%v), want %d", config.Width, err, wide)
	}
	if svg, err := os.ReadFile(filepath.Join(dir, "b.svg")); err != nil || !bytes.Contains(svg, []byte("</svg>")) {
		t.Errorf("the SVG has no end (%v)", err)
	}
	if err := f.Save(filepath.Join(dir, "c.gif")); !usage.Is(err) {
		t.Errorf("a GIF: got %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("%d files, want 2", len(entries))
	}
}

func TestModelsHaveColorsOfTheirOwn(t *testing.T) {
	b := &bars{models: []string{record.ModelPixels, record.ModelUntrained, "a", "b", "c"}}
	seen := map[any]string{}
	for k, model := range b.models {
		if twin, ok := seen[b.color(k)]; ok {
			t.Errorf("%s has the color of %s", model, twin)
		}
		seen[b.color(k)] = model
	}
}
