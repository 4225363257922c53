package plots

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/sslx/record"
)

//go:embed report.html.tmpl
var reportText string

var reportTemplate = template.Must(template.New("report").Parse(reportText))

// Report is a page about one run. What is empty is left out of the page, or said to be missing.
type Report struct {
	// Run is the name of the run.
	Run string

	// Config is the whole configuration as YAML.
	Config string

	// Command is the command line that makes the run again.
	Command string

	Environment record.Environment
	Metrics     []record.Metrics
	Results     []record.Result

	// Chance has the accuracy of guessing, in [0, 1], for tasks of which it is known.
	Chance map[string]float64

	// Views is a sheet of originals and their views (ViewSheet).
	Views []byte

	// Neighbours is a sheet of test images and the test images nearest to them (NeighbourSheet), marked by the labels of
	// NeighbourTask.
	Neighbours    []byte
	NeighbourTask string
}

// Write writes the report to path, whole or not at all, as one HTML page that loads nothing from elsewhere and runs no
// script.
func (r Report) Write(path string) error {
	page, err := r.page()
	if err != nil {
		return err
	}
	var buffer bytes.Buffer
	if err := reportTemplate.Execute(&buffer, page); err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error { _, err := w.Write(buffer.Bytes()); return err })
}

// page is what the template shows.
type page struct {
	Report
	Summary            []string
	Models             []string
	Rows               []pageRow
	ResultsPlot, Curve *picture
	ViewsPicture       *picture
	NeighboursPicture  *picture
	Facts              [][2]string
}

// pageRow is a row of the results table. Span is the number of rows of its task, at the first of them, else 0.
type pageRow struct {
	Task, Protocol, N string
	Span              int
	Cells             []pageCell
}

type pageCell struct {
	Text string
	Best bool
}

type picture struct {
	URL template.URL
	Alt string
}

func (r Report) page() (page, error) {
	c := compare(r.Results)
	p := page{Report: r, Summary: r.summary(), Models: c.models, Rows: c.page(), Facts: facts(r.Environment)}
	var err error
	if len(c.main()) > 0 {
		if p.ResultsPlot, err = picturing(ResultsFigure(r.Results, r.Chance)); err != nil {
			return p, fmt.Errorf("cannot draw the results: %w", err)
		}
	}
	if len(TrainingSeries(r.Metrics).Loss) > 0 {
		if p.Curve, err = picturing(TrainingCurve(r.Metrics)); err != nil {
			return p, fmt.Errorf("cannot draw the training curve: %w", err)
		}
	}
	p.ViewsPicture = sheetPicture(r.Views, "Training images, each beside random views of it.")
	p.NeighboursPicture = sheetPicture(r.Neighbours, "Test images, each followed by the test images most similar to it.")
	return p, nil
}

// page returns the rows for the template.
func (c comparison) page() []pageRow {
	rows := make([]pageRow, len(c.rows))
	first := 0
	for i, r := range c.rows {
		texts := r.cells(c.models)
		rows[i] = pageRow{Task: texts[0], Protocol: texts[1], N: texts[2]}
		for k, model := range c.models {
			rows[i].Cells = append(rows[i].Cells, pageCell{texts[3+k], r.best(model)})
		}
		if r.task != c.rows[first].task {
			first = i
		}
		rows[first].Span++
	}
	return rows
}

// picturing takes what a figure's function returns.
func picturing(f *Figure, err error) (*picture, error) {
	if err != nil {
		return nil, err
	}
	svg, err := f.SVG()
	if err != nil {
		return nil, err
	}
	return &picture{dataURL("image/svg+xml", svg), f.Alt}, nil
}

func sheetPicture(png []byte, alt string) *picture {
	if len(png) == 0 {
		return nil
	}
	return &picture{dataURL("image/png", png), alt}
}

func dataURL(kind string, content []byte) template.URL {
	return template.URL("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(content))
}

// facts lists what is known of an environment.
func facts(e record.Environment) (list [][2]string) {
	add := func(name, value string) {
		if strings.TrimSpace(value) != "" {
			list = append(list, [2]string{name, value})
		}
	}
	add("Data", e.Data)
	add("Data fingerprint (SHA-256)", e.Fingerprint)
	add("Backend", strings.TrimSpace(e.Backend+" "+e.Plugin))
	add("Device", e.Device)
	if e.CPU != "" {
		add("Processor", fmt.Sprintf("%s, %s", e.CPU, plural(float64(e.Cores), "core")))
	}
	add("System", strings.Trim(e.OS+"/"+e.Arch, "/"))
	add("Source revision", e.Revision)
	add("Go", e.Go)
	for _, name := range slices.Sorted(maps.Keys(e.Modules)) {
		add(name, e.Modules[name])
	}
	if !e.Started.IsZero() {
		add("Started", e.Started.UTC().Format(time.DateTime+" UTC"))
	}
	return list
}

// where names the device for a sentence.
func where(e record.Environment) string {
	device := cmp.Or(e.Device, e.CPU)
	if e.Backend == "" || device == "" {
		return cmp.Or(device, e.Backend)
	}
	return device + " (" + e.Backend + ")"
}
