package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/embedding"
	"github.com/sslx-go/lab/sslx/runs"
)

// modelFlags say how a model is opened.
type modelFlags struct {
	layer     string
	size      int
	mean, std []float64
}

// add adds the flags to a command.
func (f *modelFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.layer, "layer", "",
		"layer whose output is used: encoder, projector0, …; for an ONNX file any value of its graph")
	inputFlags(cmd, &f.size, &f.mean, &f.std)
}

// load opens the model that an argument means: a file, a run folder, or the name of a run.
func (f *modelFlags) load(ctx context.Context, name string, opt sslx.Options) (*sslx.Model, error) {
	// A file is what it is; everything else is a run, by its folder or its name.
	path := name
	if info, err := os.Stat(name); err != nil || info.IsDir() {
		if path, err = runs.Find(name); err != nil {
			return nil, err
		}
	}
	return sslx.Load(ctx, path, sslx.LoadOptions{Layer: f.layer, Size: f.size, Mean: f.mean, Std: f.std, Options: opt})
}

// modelText says in the help of a command what RUN|WEIGHTS is.
const modelText = `RUN is the folder of a finished run, or its name in runs/. WEIGHTS is a safetensors file with the names of
torchvision, timm or lightly, or an ONNX file of opset 13 to 20. The size of the images and their
normalization are those of the run, or of the file's metadata; where it has none, --size, --mean and --std
say them.`

type embedFlags struct {
	modelFlags
	out    string
	splits []string
	json   bool
}

func embedCommand(a *app) *cobra.Command {
	var f embedFlags
	cmd := &cobra.Command{
		Use:   "embed RUN|WEIGHTS IMAGES --out FILE",
		Short: "Write the features of images",
		Long: `Embed every image of a data set, and write the features with the names and labels of the images.

` + modelText + `

IMAGES is a data set: a name, a folder, or an archive, as a training takes it. FILE ends in .npy (float32
[images, dim], names and labels in a CSV file next to it), .parquet or .csv. A file FILE.json says what was
embedded with what.

FILE is whole or absent. An interrupted or killed command leaves what it has computed, and the same command
continues there.`,
		Example: `  sslx embed runs/first cifar10 --out features.npy
  sslx embed runs/first ~/birds --layer projector0 --splits test --out birds.parquet
  sslx embed resnet20.onnx cifar10 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --out features.csv`,
		Args: arguments(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.embed(cmd.Context(), args[0], args[1], f)
		},
		ValidArgsFunction: completeModel,
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.out, "out", "", "`file` to write: .npy, .parquet or .csv")
	cmd.Flags().StringSliceVar(&f.splits, "splits", nil, "train, val, test, with commas between; all when left out")
	jsonFlag(cmd, &f.json)
	completeFunc(cmd, "splits", cobra.FixedCompletions([]string{"train", "val", "test"},
		cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// completeModel completes names of runs and of data sets, and paths.
func completeModel(cmd *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return completeRun(cmd, args, text)
	}
	return completeDataName(cmd, args, text)
}

func (a *app) embed(ctx context.Context, name, data string, f embedFlags) error {
	if f.out == "" {
		return usage.Errorf("embed needs --out FILE, the file to write")
	}
	var info embedding.Info
	err := a.work(func(opt sslx.Options) (err error) {
		m, err := f.load(ctx, name, opt)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, m.Close()) }()
		info, err = embedding.Write(ctx, m, data, f.out, embedding.WriteOptions{Splits: f.splits, Options: opt})
		return err
	})
	if err != nil {
		return err
	}

	if f.json {
		return a.printJSON(info)
	}
	t := table{left: 2}
	t.add("features", f.out)
	t.add("images", fmt.Sprintf("%s of %s, %s", words.Thousands(int64(info.Images)), info.Data,
		sizeText(info.Size[0], info.Size[1])))
	t.add("layer", fmt.Sprintf("%s of %s, %d numbers", info.Layer, info.Model, info.Dim))
	return t.print(a.stdout)
}

type searchFlags struct {
	modelFlags
	out   string
	count int
	json  bool
}

// captionLetters is what a caption of the sheet has room for.
const captionLetters = 26

// maxNeighbors bounds the neighbors that a search shows.
const maxNeighbors = 1000

func searchCommand(a *app) *cobra.Command {
	var f searchFlags
	cmd := &cobra.Command{
		Use:   "search RUN|WEIGHTS INDEX IMAGE",
		Short: "Find the images most like another",
		Long: `Find the images whose features are most like those of another image, by cosine similarity. INDEX is a file
that "sslx embed" has written with the same model and layer, IMAGE an image file.

` + modelText + `

--out draws the image and its neighbors on a sheet; that reads the data set of the index again.`,
		Example: `  sslx search runs/first features.npy bird.jpg
  sslx search runs/first features.parquet bird.jpg --count 20 --out neighbors.png
  sslx search runs/first features.parquet bird.jpg --json`,
		Args: arguments(3, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.search(cmd.Context(), args[0], args[1], args[2], f)
		},
		ValidArgsFunction: completeModel,
	}
	f.add(cmd)
	cmd.Flags().IntVar(&f.count, "count", 10, "number of neighbors")
	cmd.Flags().StringVar(&f.out, "out", "", "PNG `file` to draw the image and its neighbors on")
	jsonFlag(cmd, &f.json)
	return cmd
}

// foundImage is a neighbor as it is printed. The JSON keys are a stable contract.
type foundImage struct {
	Rank       int      `json:"rank"`
	Similarity float64  `json:"similarity"`
	Name       string   `json:"name"`
	Split      string   `json:"split"`
	Labels     []string `json:"labels"`
	Row        int      `json:"row"` // in the index
}

func (a *app) search(ctx context.Context, name, index, picture string, f searchFlags) error {
	if f.count < 1 || f.count > maxNeighbors {
		return usage.Errorf("--count is %d: it must be from 1 to %d", f.count, maxNeighbors)
	}
	// The index first: it is read much faster than the model is opened.
	x, err := embedding.ReadIndex(index)
	if err != nil {
		return err
	}

	var found []foundImage
	err = a.work(func(opt sslx.Options) (err error) {
		m, err := f.load(ctx, name, opt)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, m.Close()) }()
		found, err = a.searchWith(ctx, m, x, picture, f, opt)
		return err
	})
	if err != nil {
		return err
	}

	if f.json {
		return a.printJSON(found)
	}
	t := table{left: 0}
	t.rows = append(t.rows, []string{"rank", "similarity", strings.Join(x.Info.Tasks, ", "), "split", "name"})
	for _, n := range found {
		t.add(strconv.Itoa(n.Rank), fmt.Sprintf("%.4f", n.Similarity), strings.Join(n.Labels, ", "), n.Split, n.Name)
	}
	return t.print(a.stdout)
}

// searchWith embeds an image file, finds its neighbors, and draws them where that is asked for.
func (a *app) searchWith(ctx context.Context, m *sslx.Model, x *embedding.Index, picture string, f searchFlags,
	opt sslx.Options) (found []foundImage, err error) {
	if err := x.Check(m); err != nil {
		return nil, err
	}
	size, _ := m.Size()
	query, err := dataset.ReadImage(ctx, picture, size)
	if err != nil {
		return nil, err
	}
	features, err := m.EmbedImages(ctx, query)
	if err != nil {
		return nil, err
	}
	neighbors, err := x.Nearest(features.Row(0), f.count)
	if err != nil {
		return nil, err
	}

	var rows []int
	for i, n := range neighbors {
		row := x.Rows[n.Row]
		rows = append(rows, n.Row)
		found = append(found, foundImage{i + 1, n.Similarity, row.Name, row.Split, row.Labels, n.Row})
	}
	if f.out == "" {
		return found, nil
	}

	images, err := x.Images(ctx, rows, opt)
	if err != nil {
		return nil, err
	}
	lines := [][]plots.Captioned{{{Pixels: query.RGB().Pixels, Caption: []string{"the image"}}}}
	for i, n := range found {
		lines = append(lines, []plots.Captioned{{Pixels: images.RGB().At(i), Caption: []string{
			fmt.Sprintf("%d. cosine %.4f", n.Rank, n.Similarity), strings.Join(n.Labels, ", "),
			words.Shorten(path.Base(n.Name), captionLetters)}}})
	}
	sheet, err := plots.CaptionSheet(images.Height, images.Width, nil, lines)
	if err != nil {
		return nil, err
	}
	err = atomicfile.Write(f.out, func(w io.Writer) error { _, err := w.Write(sheet); return err })
	if err != nil {
		return nil, fmt.Errorf("cannot write the sheet: %w", err)
	}
	return found, nil
}
