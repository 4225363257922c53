package report

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/evaluate"
	"github.com/sslx-go/lab/sslx/record"
)

// Run is what a page about one run shows. What is empty is left out of the page, or said to be missing.
type Run struct {
	Name    string
	Config  string // the whole configuration as YAML
	Command string // makes the run again

	Environment record.Environment
	Metrics     []record.Metrics
	Results     []record.Result

	// Views is a sheet of originals and their views (plots.ViewSheet).
	Views []byte

	// Neighbors is a sheet of test images and the test images nearest to them (plots.NeighborSheet), marked by the
	// labels of NeighborTask.
	Neighbors    []byte
	NeighborTask string

	// Components is a map of test images by the principal components of their representations (ComponentMap).
	Components []byte

	// Notes is what there was to say of the import of the data.
	Notes []string
}

// ReadRun returns what the records of the run in dir say, with the pictures that are in the run folder; see
// [WritePictures].
func ReadRun(dir string) (Run, error) {
	r := Run{Name: record.Name(dir)}

	// Decoded first, so that a file that is no configuration of this version is an error.
	var c sslx.Config
	err := record.ReadConfig(dir, &c)
	if err != nil {
		return r, err
	}
	text, err := yaml.Marshal(c)
	if err != nil {
		return r, err
	}
	r.Config = string(text)

	if r.Environment, err = record.ReadEnvironment(dir); err != nil {
		return r, err
	}
	if r.Metrics, err = record.ReadMetrics(dir); err != nil {
		return r, err
	}
	if r.Results, err = record.ReadResults(dir); err != nil {
		return r, err
	}
	r.Command = strings.Join(r.repeat(filepath.Join(dir, "config.yaml")), " && ")
	return r, r.readPictures(dir)
}

// repeat returns the commands that train and measure again.
func (r Run) repeat(config string) []string {
	program := words.Quote(usage.Program)
	return []string{fmt.Sprintf("%s pretrain --config %s --out NEW", program, words.Quote(config)),
		strings.TrimRight(program+" evaluate NEW "+EvaluateFlags(r.Results, r.Environment.Data, false), " ")}
}

// EvaluateFlags returns the flags of a command that measures a run, whose data have a name, by the tasks, protocols and
// layers of results.
func EvaluateFlags(results []record.Result, data string, validation bool) string {
	var tasks, protocols, layers []string
	add := func(to *[]string, name string) {
		if !slices.Contains(*to, name) {
			*to = append(*to, name)
		}
	}
	for _, x := range results {
		task := x.Task
		set, label, _ := strings.Cut(task, "/")
		if label != "" && (set == data || slices.Contains(evaluate.MadeTasks(), label)) {
			task = label // of the run's own data
		}
		add(&tasks, task)
		add(&protocols, x.Protocol.Name())

		// Baselines have layers of their own, which are not to be asked for.
		if !record.IsBaseline(x.Model) {
			add(&layers, cmp.Or(x.Layer, record.LayerEncoder))
		}
	}

	var flags []string
	for _, flag := range []struct {
		name  string
		names []string
	}{{"tasks", tasks}, {"protocols", protocols}, {"layers", layers}} {
		if len(flag.names) > 0 && !slices.Equal(flag.names, []string{record.LayerEncoder}) {
			flags = append(flags, "--"+flag.name+" "+words.Quote(strings.Join(flag.names, ",")))
		}
	}
	if validation {
		flags = append(flags, "--validation")
	}
	return strings.Join(flags, " ")
}

// WriteRun writes the HTML report of the run in dir, which was trained, into the run folder, and returns its path. It
// opens the run's data and its encoder for pictures of views and of nearest neighbors, which it leaves there too.
func WriteRun(ctx context.Context, dir string, opt sslx.Options) (string, error) {
	gallery, err := sslx.Illustrate(ctx, dir, opt)
	if err != nil {
		return "", err
	}
	if err := WritePictures(dir, gallery); err != nil {
		return "", err
	}
	r, err := ReadRun(dir)
	if err != nil {
		return "", err
	}
	r.NeighborTask, r.Notes = gallery.Task, gallery.Notes
	return record.ReportPath(dir), r.Write(record.ReportPath(dir))
}

// NeighborSheet returns a PNG image of the queries of a gallery with their nearest neighbors.
func NeighborSheet(g sslx.Gallery) ([]byte, error) {
	lines := make([]plots.Neighbors, len(g.Queries))
	for i, q := range g.Queries {
		lines[i] = plots.Neighbors{Query: q.Image, Nearest: q.Nearest, Same: q.Same}
	}
	return plots.NeighborSheet(g.Height, g.Width, lines)
}

// ComponentMap returns a PNG image of the images of a gallery by the first two principal components of their
// representations.
func ComponentMap(g sslx.Gallery) ([]byte, error) {
	images := make([]plots.Placed, len(g.Map))
	for i, p := range g.Map {
		images[i] = plots.Placed{Pixels: p.Image, X: p.X, Y: p.Y}
	}
	return plots.MapSheet(g.Height, g.Width, "first principal component", "second principal component", images)
}

// Write writes the page to path, whole or not at all, as one HTML page that loads nothing from elsewhere and runs no
// script.
func (r Run) Write(path string) error {
	page, err := r.page()
	if err != nil {
		return err
	}
	return writePage(path, "run.html.tmpl", page)
}

// runPage is what the template shows.
type runPage struct {
	Run                Run
	Summary            []string
	Models             []string
	Chance             bool // there is a column with the accuracy of guessing
	Rows               []pageRow
	ResultsPlot, Curve *picture
	Views, Neighbors   *picture
	Components         *picture
	Facts              [][2]string
	Protocols          [][2]string // what they mean
	Made               bool        // there are results of tasks that are made from the images
}

// pageRow is a row of the results table. Span is the number of rows of its task, at the first of them, else 0.
type pageRow struct {
	Task, Protocol, N, Chance string
	Span                      int
	Cells                     []pageCell
}

type pageCell struct {
	Text string
	Best bool
}

func (r Run) page() (runPage, error) {
	c := compare(r.Results)
	p := runPage{Run: r, Summary: r.Summary(), Models: c.columns, Chance: c.knowsChance(), Rows: c.pageRows(),
		Facts:      EnvironmentFacts(r.Environment),
		Protocols:  ResultNotes(r.Results),
		Made:       slices.ContainsFunc(r.Results, isMade),
		Views:      sheetPicture(r.Views, "Training images, each beside random views of it."),
		Neighbors:  sheetPicture(r.Neighbors, "Test images, each followed by the test images most similar to it."),
		Components: sheetPicture(r.Components, "Test images, placed by the first two principal components.")}

	// A run that was not evaluated, or has only begun, has a page without these figures.
	var err error
	if len(c.main()) > 0 {
		if p.ResultsPlot, err = picturing(ResultsFigure(r.Results)); err != nil {
			return p, fmt.Errorf("cannot draw the results: %w", err)
		}
	}
	if len(training(r.Metrics).Loss) > 0 {
		if p.Curve, err = picturing(TrainingCurve(r.Metrics)); err != nil {
			return p, fmt.Errorf("cannot draw the training curve: %w", err)
		}
	}
	return p, nil
}

// isMade reports whether a result is of a task that is made from the images.
func isMade(r record.Result) bool { return strings.Contains(r.Task, "/made-") }

// pageRows returns the rows for the template.
func (c comparison) pageRows() []pageRow {
	t := c.table()
	rows := make([]pageRow, len(t.Rows))
	names := len(t.Head) - len(c.columns)
	first := 0
	for i, cells := range t.Rows {
		rows[i] = pageRow{Task: cells[0], Protocol: cells[1], N: cells[2], Chance: c.rows[i].guessing()}
		for k, text := range cells[names:] {
			rows[i].Cells = append(rows[i].Cells, pageCell{text, t.best[[2]int{i, names + k}]})
		}

		// The rows of a task follow each other; the first carries its name for all of them.
		if rows[i].Task != rows[first].Task {
			first = i
		}
		rows[first].Span++
	}
	return rows
}

// EnvironmentFacts lists what is known of an environment.
func EnvironmentFacts(e record.Environment) (list [][2]string) {
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
		add("Processor", fmt.Sprintf("%s, %s", e.CPU, words.Count(e.Cores, "core")))
	}

	add("Instruction sets", strings.Join(e.Features, ", "))
	add("System", strings.Trim(e.OS+"/"+e.Arch, "/"))
	add("Source revision", e.Source())
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
