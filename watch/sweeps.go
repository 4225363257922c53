package watch

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"path"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/report"
)

// sweepPage is what a page about a sweep shows.
type sweepPage struct {
	Path    string       `json:"path"`
	Name    string       `json:"name"`
	Error   string       `json:"error,omitempty"`
	Facts   [][2]string  `json:"facts"`
	Made    int          `json:"made"`    // measurements
	Missing int          `json:"missing"` // measurements
	Curves  []sweepCurve `json:"curves"`
	Shown   string       `json:"shown"` // what the curves show
	Table   report.Table `json:"table"`
	Chosen  string       `json:"chosen,omitempty"` // the chosen configuration
	Next    []string     `json:"next"`             // commands that train with it
}

// sweepCurve is the curve of a key, or the figure of all changes of an ablation.
type sweepCurve struct {
	Key        string `json:"key"`
	Figure     string `json:"figure"` // as a data URL
	FigureText string `json:"figure_text"`
}

func (h *Handler) showSweep(w http.ResponseWriter, r *http.Request) {
	x, known := h.index, (*sweep)(nil)
	x.read(func() { known = x.sweeps[r.URL.Query().Get("sweep")] })
	if known == nil {
		refuse(w, http.StatusNotFound, "there is no such sweep")
		return
	}

	page := sweepPage{Path: known.Path, Name: path.Base(x.path(known.Path)), Facts: [][2]string{},
		Curves: []sweepCurve{}, Next: []string{}}
	o, err := h.readOutcome(known.Path)
	if err != nil {
		page.Error = err.Error()
		answer(w, page)
		return
	}
	page.Name, page.Facts, page.Table = o.Sweep, report.SweepFacts(o), report.SweepTable(o)
	page.Made, page.Missing = o.Runs-o.Missing, o.Missing

	// A figure that cannot be drawn leaves its key to the table.
	figures, shown, _ := report.SweepFigures(o)
	page.Shown = shown
	for _, one := range figures {
		if svg, err := one.Figure.SVG(); err == nil {
			page.Curves = append(page.Curves, sweepCurve{one.Of,
				"data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(svg), one.Figure.Alt})
		}
	}
	if text, err := readFile(h.root, path.Join(known.Path, report.ChosenConfig)); err == nil && o.Chosen != nil {
		page.Chosen = string(text)
		page.Next = append(page.Next, report.SweepNext(h.index.path(known.Path), o)...)
	}
	answer(w, page)
}

// readOutcome reads the outcome of the sweep in a folder. The chosen configuration is left out: it may be of another
// module, which this program cannot read.
func (h *Handler) readOutcome(folder string) (o experiments.StudyOutcome, err error) {
	text, err := readFile(h.root, path.Join(folder, report.SweepOutcome))
	if err != nil {
		return o, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return o, err
	}
	delete(fields, "config")
	if text, err = json.Marshal(fields); err == nil {
		err = json.Unmarshal(text, &o)
	}
	if err == nil {
		err = o.Check()
	}
	return o, err
}
